package follow

import (
	"fmt"
	"io"
	"regexp"
	"sync"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
)

// View writes updates for people. The fields are set before the first update.
type View struct {
	Out, Err io.Writer // lines that jobs print to stdout and stderr
	Notes    io.Writer // everything else

	Raw       bool                 // lines as they are, without the job's name
	Alone     bool                 // Raw for a run that has but one job
	Clean     bool                 // Out and Err are terminals: nothing may tamper with them
	Status    *terminal.StatusLine // of the terminal that Notes is; nil = none
	Style     terminal.Style
	LinesOnly bool // nothing about states

	Match *regexp.Regexp // what is to be seen in lines; nil = nothing
	Hits  terminal.Style // of that

	mu     sync.Mutex
	widest int       // of the jobs' names
	zero   time.Time // when the run was asked for
}

// Emit writes one update.
func (v *View) Emit(u Update) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if p, ok := u.(Polled); ok {
		v.polled(p.Record)
		return
	}
	v.learn(u)
	v.Status.Print(func() { v.print(u) })
}

func (v *View) print(u Update) {
	if l, ok := u.(Line); ok {
		v.line(l)
		return
	}
	if text := v.text(u); text != "" && !v.LinesOnly {
		_, _ = fmt.Fprintf(v.Notes, "%s %s\n", v.Style.Dim(v.stamp(u.when())), text)
	}
}

// Close erases the status line.
func (v *View) Close() { v.Status.Close() }

// learn finds out when the run began: everything is told relative to that.
func (v *View) learn(u Update) {
	if c, ok := u.(RunChanged); ok && v.zero.IsZero() {
		v.zero = c.Run.RequestedAt
	}
}

func (v *View) line(l Line) {
	w := v.Out
	if l.Stream == "stderr" {
		w = v.Err
	}
	text := l.Text
	if v.Clean {
		text = terminal.Clean(text)
	}
	if v.Match != nil && v.Hits.On {
		text = v.Match.ReplaceAllStringFunc(text, v.Hits.Hit)
	} else if !v.Raw && !v.LinesOnly {
		text = v.Style.Dim(text)
	}
	if v.Raw {
		_, _ = fmt.Fprintf(w, "%s\n", text)
		return
	}
	name := l.Job
	if l.Attempt > 1 {
		name = run.StepName(l.Job, l.Attempt)
	}
	v.widest = max(v.widest, len(name))
	prefix := v.Style.Job(l.Job, fmt.Sprintf("%-*s |", v.widest, name))
	if !v.LinesOnly {
		prefix = v.Style.Dim(v.stamp(l.At)) + " " + prefix
	}
	_, _ = fmt.Fprintf(w, "%s %s\n", prefix, text)
}

func (v *View) polled(rec *run.Record) {
	if v.Alone && rec.Spec != nil && len(rec.Spec.AllJobs()) == 1 {
		v.Raw = true
	}
	for _, j := range rec.Jobs {
		v.widest = max(v.widest, len(j.Name))
	}
	if v.zero.IsZero() {
		v.zero = rec.Run.RequestedAt
	}
	zero := v.zero
	v.Status.Animate(func(spinner rune) string {
		now := time.Now()
		return fmt.Sprintf("%s %c %s", stamp(zero, now), spinner, status(rec, now))
	})
}

func (v *View) stamp(at time.Time) string { return stamp(v.zero, at) }

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
