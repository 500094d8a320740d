package query

import (
	"fmt"
	"strings"
	"time"

	"ephemr/internal/athena"
	"ephemr/internal/cli/terminal"
)

// progress is the last line of a terminal while a query runs.
type progress struct {
	term  *terminal.IO
	live  bool // there is a terminal
	keeps bool // an interrupt does not stop the query
	began time.Time
	shown bool
}

func newProgress(term *terminal.IO) *progress {
	return &progress{term: term, live: term.ErrTTY && term.Color, began: time.Now()}
}

func (p *progress) line(text string) {
	if !p.live {
		return
	}
	p.shown = true
	p.term.Notef(terminal.Erase+"%s", p.term.ErrStyle().Dim(terminal.Clip(text, p.term.Columns()-1)))
}

// draw shows how far a query is.
func (p *progress) draw(x athena.Execution) {
	text := fmt.Sprintf("%s %s", strings.ToLower(string(x.State)), terminal.Duration(time.Since(p.began)))
	if x.Scanned > 0 {
		text += ", " + terminal.Bytes(x.Scanned) + " scanned"
	}
	if p.keeps {
		p.line(text)
		return
	}
	p.line(text + "; Ctrl-C stops it")
}

// read shows how many rows have come. They themselves show it on a terminal.
func (p *progress) read(rows int) {
	if !p.term.OutTTY {
		p.line("reading, " + terminal.Count(rows, "row"))
	}
}

// say says something that stays.
func (p *progress) say(text string) {
	p.erase()
	p.term.Notef("%s\n", p.term.ErrStyle().Dim(text))
}

func (p *progress) erase() {
	if p.shown {
		p.term.Notef(terminal.Erase)
		p.shown = false
	}
}
