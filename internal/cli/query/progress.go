package query

import (
	"fmt"
	"strings"
	"time"

	"ephemr/internal/athena"
	"ephemr/internal/cli/terminal"
)

// progress shows the state of a query while it runs.
type progress struct {
	term  *terminal.IO
	line  *terminal.StatusLine
	keeps bool // an interrupt does not stop the query
	began time.Time
}

func newProgress(term *terminal.IO) *progress {
	return &progress{term: term, line: term.StatusLine(), began: time.Now()}
}

// draw shows the state of a query, its duration and what it has scanned.
func (p *progress) draw(x athena.Execution) {
	text := fmt.Sprintf("%s %s", strings.ToLower(string(x.State)), terminal.Duration(time.Since(p.began)))
	if x.Scanned > 0 {
		text += ", " + terminal.Bytes(x.Scanned) + " scanned"
	}
	if p.keeps {
		p.line.Set(text)
		return
	}
	p.line.Set(text + "; Ctrl-C to stop")
}

// read shows the number of rows that were read, unless the rows themselves
// appear on the terminal.
func (p *progress) read(rows int) {
	if !p.term.OutTTY {
		p.line.Set("reading, " + terminal.Count(rows, "row"))
	}
}

// note writes a message that stays.
func (p *progress) note(text string) {
	p.line.Print(func() { p.term.Notef("%s\n", p.term.ErrStyle().Dim(text)) })
}
