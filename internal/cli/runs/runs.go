// Package runs is ephemr runs: it lists runs.
package runs

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
)

// Store lists runs.
type Store interface {
	List(ctx context.Context, q run.Query) ([]run.Run, error)
}

// Options of the command.
type Options struct {
	Pipeline string // "" = all
	State    string // "" = any
	Limit    int
	JSON     bool
}

// Run prints the newest runs. With JSON that is an array of run.Run.
func Run(ctx context.Context, o Options, io *terminal.IO, store Store) error {
	state := run.State(strings.ToUpper(o.State))
	if state != "" && !slices.Contains(run.States, state) {
		return exit.Misuse("state %q is not known; use one of %s", o.State, names())
	}
	if o.Limit < 1 {
		return exit.Misuse("limit %d is not positive", o.Limit)
	}
	found, err := list(ctx, store, run.Query{Pipeline: o.Pipeline, State: state, Limit: o.Limit})
	if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(found)
	}
	if len(found) == 0 {
		io.Notef("no runs%s; ephemr start %s asks for one\n", which(o.Pipeline, state), cmp.Or(o.Pipeline, "PIPELINE"))
		return nil
	}
	table(io, found, time.Now())
	return nil
}

// list returns the newest runs: by logical time for a pipeline, or else by when
// they were asked for, from every state.
func list(ctx context.Context, store Store, q run.Query) ([]run.Run, error) {
	found := []run.Run{}
	if q.Pipeline != "" {
		runs, err := store.List(ctx, q)
		return append(found, runs...), err
	}
	states := run.States
	if q.State != "" {
		states = []run.State{q.State}
	}
	byID := map[string]run.Run{}
	for _, s := range states {
		// Ended runs are listed by their end and active ones by priority, so the
		// newest are among more than the limit.
		some, err := store.List(ctx, run.Query{State: s, Limit: max(4*q.Limit, 500)})
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			byID[r.ID] = r // one that moved on meanwhile is listed twice: the later state counts
		}
	}
	found = slices.AppendSeq(found, maps.Values(byID))
	slices.SortFunc(found, func(a, b run.Run) int {
		return cmp.Or(b.RequestedAt.Compare(a.RequestedAt), cmp.Compare(a.ID, b.ID))
	})
	return found[:min(len(found), q.Limit)], nil
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

func table(io *terminal.IO, found []run.Run, now time.Time) {
	style := io.OutStyle()
	var rows [][]string
	for _, r := range found {
		rows = append(rows, []string{
			r.ID, style.State(r.State, string(r.State)), string(r.Class), r.Trigger.Kind,
			r.RequestedAt.UTC().Format("2006-01-02 15:04:05"), took(r, now), terminal.Dollars(r.CostUSD), reason(r),
		})
	}
	io.Table([]string{"RUN", "STATE", "CLASS", "TRIGGER", "REQUESTED (UTC)", "TOOK", "COST", "REASON"}, rows)
}

func reason(r run.Run) string {
	if r.NothingToDo {
		return terminal.NothingToDo
	}
	return terminal.OneLine(r.Reason)
}

// took is how long r ran, or has been running; a run that never started took
// no time.
func took(r run.Run, now time.Time) string {
	begin, end := r.AdmittedAt, r.EndedAt
	if begin.IsZero() {
		begin = r.StartedAt
	}
	if begin.IsZero() {
		return ""
	}
	if end.IsZero() {
		end = now
	}
	return terminal.Duration(end.Sub(begin))
}
