package runlog

import (
	"fmt"
	"io"
	"regexp"
	"sync"
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
		_, _ = fmt.Fprintf(p.Notes, "%s %s\n", p.Style.Dim(p.stamp(follow.At(u))), text)
	}
}

// Close erases the status line.
func (p *Printer) Close() { p.Status.Close() }

// learn records the time of the request, which all times are relative to.
func (p *Printer) learn(u follow.Update) {
	if c, ok := u.(follow.RunChanged); ok && p.zero.IsZero() {
		p.zero = c.Run.RequestedAt
	}
}

func (p *Printer) line(l follow.Line) {
	w, clean := p.Out, p.CleanOut
	if l.Stream == "stderr" {
		w, clean = p.Err, p.CleanErr
	}
	text := l.Text
	if clean {
		text = terminal.Clean(text)
	}
	if p.Match != nil && p.Hits.On {
		text = p.Match.ReplaceAllStringFunc(text, p.Hits.Hit)
	} else if !p.Raw && !p.LinesOnly {
		text = p.Style.Dim(text)
	}
	if p.Raw {
		_, _ = fmt.Fprintf(w, "%s\n", text)
		return
	}
	name := l.Job
	if l.Attempt > 1 {
		name = run.StepName(l.Job, l.Attempt)
	}
	p.widest = max(p.widest, len(name))
	prefix := p.Style.Job(l.Job, fmt.Sprintf("%-*s |", p.widest, name))
	if !p.LinesOnly {
		prefix = p.Style.Dim(p.stamp(l.At)) + " " + prefix
	}
	_, _ = fmt.Fprintf(w, "%s %s\n", prefix, text)
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
		return fmt.Sprintf("%s %c %s", stamp(zero, now), spinner, status(rec, now))
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
