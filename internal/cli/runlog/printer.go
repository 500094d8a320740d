package runlog

import (
	"fmt"
	"io"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
	"ephemr/internal/view/follow"
)

// Printer writes updates as text. The fields are set before the first update.
type Printer struct {
	Out, Err io.Writer // lines that jobs print to stdout and stderr
	Notes    io.Writer // everything else

	Raw       bool                 // lines without a prefix
	Alone     bool                 // Raw if the run has one job
	CleanOut  bool                 // remove control sequences from lines of stdout
	CleanErr  bool                 // and of stderr
	Status    *terminal.StatusLine // of Notes; nil = none
	Style     terminal.Style
	LinesOnly bool // no changes of state

	Match *regexp.Regexp // highlighted in lines; nil = nothing
	Hits  terminal.Style // of matches

	mu     sync.Mutex
	widest int       // of the jobs' names
	zero   time.Time // time of the request

	state atomic.Pointer[string]    // unfinished line in the status line
	begun map[io.Writer]follow.Line // unfinished lines that are printed without an end
}

// Emit writes one update.
func (p *Printer) Emit(u follow.Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if polled, ok := u.(follow.Polled); ok {
		p.polled(polled.Record)
		return
	}
	p.learn(u)
	p.Status.Print(func() { p.print(u) })
}

func (p *Printer) print(u follow.Update) {
	if l, ok := u.(follow.Line); ok {
		p.line(l)
		return
	}
	if text := p.text(u); text != "" && !p.LinesOnly {
		p.endLine(p.Notes)
		_, _ = fmt.Fprintf(p.Notes, "%s %s\n", p.Style.Dim(p.stamp(follow.At(u))), text)
	}
}

// Close erases the status line.
func (p *Printer) Close() {
	p.Status.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.begun {
		p.endLine(w)
	}
}

// learn records the time of the request, which all times are relative to.
func (p *Printer) learn(u follow.Update) {
	if c, ok := u.(follow.RunChanged); ok && p.zero.IsZero() {
		p.zero = c.Run.RequestedAt
	}
}

func (p *Printer) line(l follow.Line) {
	w := p.Out
	if l.Stream == "stderr" {
		w = p.Err
	}
	if p.unfinished(w, l) {
		return
	}
	text := p.shown(l)
	if rest, ok := p.continues(w, l); ok {
		text = rest
	} else {
		p.endLine(w)
		text = p.prefix(l) + text
	}
	_, _ = fmt.Fprintf(w, "%s\n", text)
}

// shown is the text of a line, as it is printed.
func (p *Printer) shown(l follow.Line) string {
	text := l.Text
	if l.Stream == "stderr" && p.CleanErr || l.Stream != "stderr" && p.CleanOut {
		text = terminal.Clean(text)
	}
	if p.Match != nil && p.Hits.On {
		return p.Match.ReplaceAllStringFunc(text, p.Hits.Hit)
	}
	if !p.Raw && !p.LinesOnly {
		return p.Style.Dim(text)
	}
	return text
}

// prefix is what comes before a line: its time and job.
func (p *Printer) prefix(l follow.Line) string {
	if p.Raw {
		return ""
	}
	name := l.Job
	if l.Attempt > 1 {
		name = run.StepName(l.Job, l.Attempt)
	}
	p.widest = max(p.widest, len(name))
	prefix := p.Style.Job(l.Job, fmt.Sprintf("%-*s |", p.widest, name)) + " "
	if !p.LinesOnly {
		prefix = p.Style.Dim(p.stamp(l.At)) + " " + prefix
	}
	return prefix
}

func (p *Printer) polled(rec *run.Record) {
	if p.Alone && rec.Spec != nil && len(rec.Spec.AllJobs()) == 1 {
		p.Raw = true
	}
	for _, j := range rec.Jobs {
		p.widest = max(p.widest, len(j.Name))
	}
	if p.zero.IsZero() {
		p.zero = rec.Run.RequestedAt
	}
	zero := p.zero
	p.Status.Animate(func(spinner rune) string {
		now := time.Now()
		text := status(rec, now)
		if state := p.state.Load(); state != nil {
			text = *state
		}
		return fmt.Sprintf("%s %c %s", stamp(zero, now), spinner, text)
	})
}

func (p *Printer) stamp(at time.Time) string { return stamp(p.zero, at) }

// stamp is a time relative to the run's request: [ 12.3s]. Times before it are
// those of a run that was retried; clocks may differ a little.
func stamp(zero, at time.Time) string {
	switch {
	case zero.IsZero() || at.IsZero():
		return "[      ]"
	case at.Before(zero.Add(-100 * time.Millisecond)):
		return "[before]"
	}
	return fmt.Sprintf("[%6s]", terminal.Duration(at.Sub(zero)))
}
