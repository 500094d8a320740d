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

	Raw       bool       // lines as they are, without the job's name
	Alone     bool       // Raw for a run that has but one job
	Clean     bool       // Out and Err are terminals: nothing may tamper with them
	Live      bool       // Notes is a terminal: its last line moves
	Columns   func() int // how wide the terminal is, for the moving line; nil = 80
	Style     terminal.Style
	LinesOnly bool // nothing about states

	Match *regexp.Regexp // what is to be seen in lines; nil = nothing
	Hits  terminal.Style // of that

	mu     sync.Mutex
	widest int       // of the jobs' names
	zero   time.Time // when the run was asked for
	rec    *run.Record
	frame  int
	shown  bool // the moving line stands there
	ticker *time.Ticker
	ended  chan struct{}
	closed bool
}

// Plain returns a View that writes everything to w, as a terminal likes it or
// as plain lines.
func Plain(w io.Writer, tty bool) *View {
	return &View{Out: w, Err: w, Notes: w, Clean: tty, Live: tty, Style: terminal.Style{On: tty}}
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
	v.erase()
	if l, ok := u.(Line); ok {
		v.line(l)
		return
	}
	if text := v.text(u); text != "" && !v.LinesOnly {
		_, _ = fmt.Fprintf(v.Notes, "%s %s\n", v.Style.Dim(v.stamp(u.when())), text)
	}
}

// Close ends the moving line.
func (v *View) Close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	if v.ticker != nil && !v.closed {
		v.ticker.Stop()
		close(v.ended)
	}
	v.closed = true
}

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
	v.rec = rec
	if v.Alone && rec.Spec != nil && len(rec.Spec.AllJobs()) == 1 {
		v.Raw = true
	}
	for _, j := range rec.Jobs {
		v.widest = max(v.widest, len(j.Name))
	}
	if v.zero.IsZero() {
		v.zero = rec.Run.RequestedAt
	}
	if v.Live && v.ticker == nil && !v.closed {
		v.ticker, v.ended = time.NewTicker(100*time.Millisecond), make(chan struct{})
		go v.spin()
	}
}

// stamp is a time relative to the run's request: [ 12.3s]. What a run that was
// retried has done earlier comes before it; clocks may differ a little.
func (v *View) stamp(at time.Time) string {
	switch {
	case v.zero.IsZero() || at.IsZero():
		return "[      ]"
	case at.Before(v.zero.Add(-100 * time.Millisecond)):
		return "[before]"
	}
	return fmt.Sprintf("[%6s]", terminal.Duration(at.Sub(v.zero)))
}
