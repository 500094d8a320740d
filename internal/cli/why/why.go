// Package why is ephemr why: it says why a run does not run.
package why

import (
	"context"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
	"ephemr/internal/why"
)

// Options of the command.
type Options struct {
	RunID string
	JSON  bool
}

// Run prints why a run does not run. With JSON that is a why.Answer.
func Run(ctx context.Context, o Options, io *terminal.IO, r *why.Reader) error {
	a, err := r.Of(ctx, o.RunID)
	if run.IsUnknown(err) {
		return exit.Usage("run %s not found; list runs with: ephemr runs. What became no run has none: "+
			"an object (ephemr objects s3://...), a message that was refused (ephemr requests list), "+
			"a date that is not due, paused or skipped (ephemr calendar PIPELINE)", o.RunID)
	}
	if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(a)
	}
	p := &page{IO: io, Style: io.OutStyle(), a: a, now: time.Now()}
	p.answer()
	p.holders()
	p.times()
	p.next()
	return nil
}

// page prints an answer.
type page struct {
	*terminal.IO
	terminal.Style
	a   why.Answer
	now time.Time
}

func (p *page) answer() {
	a := p.a
	p.Printf("%s %s\n\n", p.Bold(a.RunID), p.State(a.State, string(a.State)))
	p.Printf("It %s.\n", terminal.OneLine(a.Text))
	for _, d := range a.Details {
		p.Printf("%s\n", terminal.OneLine(d))
	}
	if a.Changing {
		p.Printf("The records changed each time that they were read: this may have changed already. Repeat the command.\n")
	}
}

// holders prints the runs that hold the slots of full limits.
func (p *page) holders() {
	for _, x := range p.a.Limits {
		name := string(x.Scope)
		if x.Name != "" {
			name += " " + x.Name
		}
		p.Printf("\nslots of %s: %d of %d are taken\n", terminal.OneLine(name), x.Held, x.Max)
		var rows [][]string
		for _, h := range x.Holders {
			rows = append(rows, []string{h.RunID, string(h.State), clock(h.Since), expected(h)})
		}
		p.Table([]string{"RUN", "STATE", "SINCE", "EXPECTED END"}, rows)
		if more := x.Held - len(x.Holders); more > 0 {
			p.Printf("and %s\n", terminal.Count(more, "other run"))
		}
	}
}

func expected(h why.Holder) string {
	switch {
	case h.State.Final():
		return "has ended; its slot is being released"
	case h.Expected == nil:
		return "not known"
	}
	return "about " + clock(h.Expected.At)
}

// times prints since and until when.
func (p *page) times() {
	a := p.a
	p.Printf("\n")
	if !a.Since.IsZero() {
		p.field("since", clock(a.Since)+" "+p.Dim("("+terminal.Duration(p.now.Sub(a.Since))+")"))
	}
	if a.Cause == why.Ended {
		return
	}
	change := "not known"
	if e := a.Expected; e != nil {
		change = about(a.Cause) + clock(e.At) + " " + p.Dim("("+terminal.OneLine(e.From)+")")
	}
	p.field("expected", change)
	if !a.Until.IsZero() {
		p.field("until", clock(a.Until)+": then "+a.Then)
	}
}

func about(cause why.Cause) string {
	if cause == why.Limit {
		return "a free slot about "
	}
	return "about "
}

func (p *page) field(name, text string) { p.Printf("%-10s%s\n", name, text) }

// next suggests commands.
func (p *page) next() {
	if len(p.a.Next) > 0 {
		p.Notef("\n")
	}
	for _, c := range p.a.Next {
		p.Notef("%s\n", p.ErrStyle().Dim(c))
	}
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
