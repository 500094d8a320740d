// Package runs is ephemr runs: it lists runs.
package runs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/view/runview"
	"ephemr/internal/why"
)

// Options of the command.
type Options struct {
	Pipeline string // "" = all
	State    string // "" = any
	Limit    int
	JSON     bool
	Why      func(ctx context.Context, id string) (why.Answer, error) // of runs that have not ended; nil = left out
}

// Run prints the newest runs. With JSON that is an array of run.Run, with why of those that wait.
func Run(ctx context.Context, o Options, io *terminal.IO, store runview.Lister) error {
	state := run.State(strings.ToUpper(o.State))
	if state != "" && !slices.Contains(run.States, state) {
		return exit.Usage("invalid state %q: use one of %s", o.State, names())
	}
	if o.Limit < 1 {
		return exit.Usage("invalid --limit %d: must be positive", o.Limit)
	}
	found, err := runview.Newest(ctx, store, run.Query{Pipeline: o.Pipeline, State: state, Limit: o.Limit})
	if err != nil {
		return err
	}
	if err := charge(ctx, store, found); err != nil {
		return err
	}
	answers, err := explain(ctx, o, found)
	if fault.NameOf(err) == fault.Permission {
		io.Notef("what runs wait for is left out: %v\n", err)
	} else if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(documents(found, answers))
	}
	if len(found) == 0 {
		io.Notef("no runs%s; start one with: ephemr start %s\n", which(o.Pipeline, state), cmp.Or(o.Pipeline, "PIPELINE"))
		return nil
	}
	table(io, found, answers, time.Now())
	return nil
}

// charge adds what runs have cost until now that have not ended.
func charge(ctx context.Context, store runview.Lister, found []run.Run) error {
	loader, ok := store.(interface {
		Load(ctx context.Context, id string) (*run.Record, error)
	})
	for i, r := range found {
		if !ok || r.State != run.Running {
			continue
		}
		rec, err := loader.Load(ctx, r.ID)
		if err != nil {
			return err
		}
		found[i] = runview.Charged(rec, time.Now())
	}
	return nil
}

func names() string {
	var all []string
	for _, s := range run.States {
		all = append(all, string(s))
	}
	return strings.Join(all, ", ")
}

func which(pipeline string, state run.State) string {
	var text string
	if pipeline != "" {
		text += " of " + pipeline
	}
	if state != "" {
		text += " in state " + string(state)
	}
	return text
}

func table(io *terminal.IO, found []run.Run, answers map[string]why.Answer, now time.Time) {
	style := io.OutStyle()
	var rows [][]string
	for _, r := range found {
		rows = append(rows, []string{
			r.ID, style.State(r.State, string(r.State)), string(r.Class), r.Trigger.Kind, subject(io, r),
			r.RequestedAt.UTC().Format("2006-01-02 15:04:05"), took(r, now), terminal.Cost(r), reason(r, answers),
		})
	}
	io.Table([]string{"RUN", "STATE", "CLASS", "TRIGGER", "FOR", "REQUESTED (UTC)", "TOOK", "COST", "REASON"}, rows)
}

// subject is shorter on a terminal: keys of objects can have 1,024 bytes.
func subject(io *terminal.IO, r run.Run) string {
	text := terminal.OneLine(r.Subject())
	if io.Width > 0 {
		text = terminal.Clip(text, 60)
	}
	return text
}

func reason(r run.Run, answers map[string]why.Answer) string {
	if r.NothingToDo {
		return terminal.NothingToDo
	}
	if a, waits := answers[r.ID]; waits {
		return terminal.OneLine(a.Text)
	}
	if job, _, ok := strings.Cut(r.Reason, ": "); ok && r.Cause != "" {
		return terminal.OneLine(job + ": " + r.Cause)
	}
	return terminal.OneLine(r.Reason)
}

func took(r run.Run, now time.Time) string {
	d, ok := runview.Duration(r, now)
	if !ok {
		return ""
	}
	return terminal.Duration(d)
}
