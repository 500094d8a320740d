package runlog

import (
	"fmt"
	"io"
	"strings"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/view/follow"
)

// unfinished handles a line that has not ended, and reports whether l is one. On a
// terminal it is in the status line, in place. Elsewhere its beginning is
// printed, and continued by the line that replaces it; of a progress bar only the
// last state is.
func (p *Printer) unfinished(w io.Writer, l follow.Line) bool {
	if !l.Unfinished {
		p.state.Store(nil)
		return false
	}
	switch {
	case p.Match != nil:
	case p.Status != nil:
		state := terminal.Clean(l.Text)
		p.state.Store(&state)
	case l.Bar:
	default:
		text, more := p.continues(w, l)
		if !more {
			p.endLine(w)
			text = p.prefix(l) + p.shown(l)
		}
		_, _ = fmt.Fprint(w, text)
		if p.begun == nil {
			p.begun = map[io.Writer]follow.Line{}
		}
		p.begun[w] = l
	}
	return true
}

// continues returns what is to be added to the line that has begun on w, if l is
// its continuation.
func (p *Printer) continues(w io.Writer, l follow.Line) (string, bool) {
	begun, ok := p.begun[w]
	if !ok || begun.Job != l.Job || begun.Attempt != l.Attempt || begun.Stream != l.Stream {
		return "", false
	}
	rest, ok := strings.CutPrefix(l.Text, begun.Text)
	if !ok {
		return "", false
	}
	delete(p.begun, w)
	l.Text = rest
	return p.shown(l), true
}

// endLine ends a line that has begun on w.
func (p *Printer) endLine(w io.Writer) {
	if _, ok := p.begun[w]; ok {
		delete(p.begun, w)
		_, _ = fmt.Fprintln(w)
	}
}
