// Package show is ephemr show: the details of a run.
package show

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/findings"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/view/runview"
	"ephemr/internal/why"
)

// Store reads runs.
type Store interface {
	Load(ctx context.Context, id string) (*run.Record, error)
}

// Options of the command.
type Options struct {
	RunID string
	JSON  bool
	Why   func(ctx context.Context, id string) (why.Answer, error) // of runs that have not ended; nil = left out
}

// Run prints a run. With JSON that is a run.Record.
func Run(ctx context.Context, o Options, io *terminal.IO, store Store) error {
	rec, err := Load(ctx, store, o.RunID)
	if err != nil {
		return err
	}
	answer, err := explain(ctx, o, io, rec.Run)
	if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(document{Record: runview.Document(rec), Why: answer})
	}
	p := &page{IO: io, Style: io.OutStyle(), rec: rec, why: answer, now: time.Now()}
	p.run()
	p.clusters()
	p.jobs()
	findings.Print(p.IO, p.rec.AllFindings())
	p.tail()
	p.next()
	return nil
}

// document is a run with why it does not run, if it has not ended.
type document struct {
	run.Record

	Why *why.Answer `json:"why,omitempty"`
}

// explain says why a run does not run; nil if it runs or has ended, or if the caller may
// not read what it takes.
func explain(ctx context.Context, o Options, io *terminal.IO, r run.Run) (*why.Answer, error) {
	if o.Why == nil || r.State.Final() {
		return nil, nil //nolint:nilnil // there is nothing to explain
	}
	a, err := o.Why(ctx, r.ID)
	switch {
	case fault.NameOf(err) == fault.Permission:
		io.Notef("what runs wait for is left out: %v\n", err)
		return nil, nil //nolint:nilnil // the rest is shown
	case err != nil || !a.Idle():
		return nil, err
	}
	return &a, nil
}

// JSON prints a run.Record whose lists are never null.
func JSON(io *terminal.IO, rec *run.Record) error { return io.JSON(runview.Document(rec)) }

// Load reads a run; an unknown id is a usage error.
func Load(ctx context.Context, store Store, id string) (*run.Record, error) {
	rec, err := store.Load(ctx, id)
	if run.IsUnknown(err) {
		return nil, exit.Usage("run %s not found; list runs with: ephemr runs", id)
	}
	return rec, err
}

// page prints a run.
type page struct {
	*terminal.IO
	terminal.Style
	rec *run.Record
	why *why.Answer // nil = it runs, has ended, or that was not asked
	now time.Time
}

func (p *page) field(name, format string, args ...any) {
	p.Printf("%-11s"+format+"\n", append([]any{name}, args...)...)
}

func (p *page) run() {
	r := p.rec.Run
	p.Printf("%s %s\n\n", p.Bold(r.ID), p.State(r.State, string(r.State)))
	if why := reason(r.NothingToDo, r.Class, r.Reason); why != "" {
		p.field("reason", "%s", why)
	}
	p.field("pipeline", "%s", r.Pipeline+version(r))
	p.user(r)
	p.field("trigger", "%s", trigger(r.Trigger))
	p.field("logical", "%s", clock(r.LogicalTime)+date(r))
	if len(r.Params) > 0 {
		p.field("params", "%s", pairs(r.Params))
	}
	p.field("requested", "%s", clock(r.RequestedAt))
	for _, m := range []struct {
		name string
		at   time.Time
	}{{"admitted", r.AdmittedAt}, {"started", r.StartedAt}, {"first step", runview.FirstStep(p.rec)}, {"ended", r.EndedAt}} {
		if !m.at.IsZero() {
			p.field(m.name, "%s  %s", clock(m.at), p.Dim("+"+terminal.Duration(m.at.Sub(r.RequestedAt))))
		}
	}
	p.pool()
	p.waits()
	if !r.Deadline.IsZero() && !r.State.Final() {
		p.field("deadline", "%s", clock(r.Deadline))
	}
	if !r.CleanUp.IsZero() && !r.State.Final() {
		p.field("cleans up", "until %s", clock(r.CleanUp))
	}
	p.publication()
	p.cost()
	if r.Execution != "" {
		p.field("execution", "%s", r.Execution)
	}
	if r.Body != "" {
		p.field("message", "%s", terminal.OneLine(r.Body))
	}
}

// cost prints what the run has cost until now, and what of it had no effect.
func (p *page) cost() {
	r := runview.Charged(p.rec, p.now)
	text := terminal.AboutCost(r)
	if text == "" {
		return
	}
	p.field("cost", "%s", text)
	if c := r.Cost; c != nil {
		for _, x := range []struct {
			usd  float64
			text string
		}{{c.Attempts, "for attempts that failed"}, {c.Fallbacks, "for clusters that did not come up"}} {
			if x.usd >= 0.01 {
				p.field("", "%s %s", terminal.Dollars(x.usd), x.text)
			}
		}
	}
}

// waits prints what the run waits for.
func (p *page) waits() {
	if p.why != nil {
		p.field("why", "%s", terminal.OneLine(p.why.Text))
	}
	for _, j := range p.rec.Jobs {
		if a := j.Approval; a != nil && a.Decision == "" && j.State == run.JobPending {
			p.field("waits for", "approval of job %s, until %s", j.Name, clock(a.Until))
			if a.Message != "" {
				p.field("", "%s", terminal.OneLine(a.Message))
			}
		}
	}
	if w := p.rec.Waiter; w != nil && w.Kind == run.ForObjects {
		p.field("waits for", "%s, until %s", terminal.OneLine(strings.Join(w.Objects, ", ")), clock(w.Deadline))
	}
}

func version(r run.Run) string {
	if r.Version == 0 {
		return ""
	}
	return " version " + itoa(r.Version)
}

// user prints the user that the jobs run as.
func (p *page) user(r run.Run) {
	if r.User != "" {
		p.field("user", "%s of team %s", r.User, r.Team)
	}
}

// mostUpstreams is how many of the runs are shown that a run was waiting for.
const mostUpstreams = 5

func trigger(t run.Trigger) string {
	text := t.Kind
	if t.Key != "" {
		text += " " + terminal.OneLine("s3://"+t.Bucket+"/"+t.Key) + " (" + terminal.Bytes(t.Size) + ")"
	}
	if n := len(t.Upstream); n > 0 {
		text += " " + strings.Join(t.Upstream[:min(n, mostUpstreams)], ", ")
		if n > mostUpstreams {
			text += ", …"
		}
	}
	if t.RequestID != "" {
		text += " " + terminal.OneLine(t.RequestID)
	}
	if t.Sender != "" {
		text += " from " + terminal.OneLine(t.Sender)
	}
	return text
}

func pairs(m map[string]string) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, k+"="+terminal.OneLine(m[k]))
	}
	return strings.Join(all, " ")
}

// reason explains a state, if it needs an explanation.
func reason(idle bool, class job.Class, text string) string {
	if idle {
		return terminal.NothingToDo
	}
	return because(string(class), text)
}

func because(class, reason string) string {
	if class == "" || strings.HasPrefix(reason, class+" ") {
		return terminal.OneLine(reason)
	}
	return class + ": " + terminal.OneLine(reason)
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// date is the date of a run in its zone, if that is not UTC.
func date(r run.Run) string {
	if r.Timezone == "" || r.Timezone == "UTC" {
		return ""
	}
	return ", " + r.LogicalDate + " in " + r.Timezone
}
