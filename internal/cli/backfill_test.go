package cli_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	core "ephemr/internal/backfill"
	"ephemr/internal/cli/backfill"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// A dry run shows for each date and value what is there and what would happen, with an
// estimate if the pipeline has run.
func TestBackfillDryRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		spec := twoJobs
		spec.Params = map[string]pipeline.Param{"country": {}}
		spec.Matrix = pipeline.Matrix{"country": {"pt", "es"}}
		spec.Triggers = []pipeline.Trigger{{Schedule: "0 3 * * *", Timezone: "Europe/Berlin"}}
		_, _, err := w.pipelines.Add(t.Context(), spec, "digest", time.Now())
		w.no(err)
		time.Sleep(5 * 24 * time.Hour)
		dry := func(o backfill.Options) string {
			out, notes := len(w.out.String()), len(w.err.String())
			o.Pipeline, o.From, o.To, o.DryRun = spec.Name, "2000-01-02", "2000-01-03", true
			err := backfill.Run(t.Context(), o, w.io, w.settings, backfill.Clients{
				Pipelines: w.pipelines, Runs: w.runs, Store: &core.Store{DB: w.db, Table: "runs", Slots: "clusters"}, Lambda: w.lambda,
			})
			if err != nil {
				return err.Error()
			}
			return w.out.String()[out:] + w.err.String()[notes:]
		}
		if got := dry(backfill.Options{}); strings.Count(got, "missing") != 4 || !strings.Contains(got, "no estimate: the pipeline has no run that succeeded") {
			t.Errorf("without runs:\n%s", got)
		}
		all, err := w.pipelines.Schedules(t.Context(), spec.Name)
		w.no(err)
		at := time.Date(2000, 1, 2, 2, 0, 0, 0, time.UTC)
		for i, state := range []run.State{run.Succeeded, run.Failed} {
			value := map[string]string{"country": spec.Matrix["country"][i]}
			w.made(w.runs.Create(t.Context(), run.Run{
				ID: all[0].RunID(at, value), Pipeline: spec.Name, State: state, LogicalTime: at, RequestedAt: at, StartedAt: at, EndedAt: at.Add(10 * time.Minute), CostUSD: 0.5,
			}, &spec))
		}
		for o, want := range map[*backfill.Options]string{
			{}:                               "2 runs of 4 dates; about 20 minutes and 1.00 USD",
			{Only: "failed"}:                 "1 run of 4 dates; about 10 minutes and 0.50 USD",
			{Only: "all", Parallel: 3}:       "3 runs of 4 dates; about 10 minutes and 1.50 USD",
			{Params: []string{"country=pt"}}: "1 run of 2 dates",
			{MaxCost: 0.7}:                   "more than --max-cost 0.70",
		} {
			if got := dry(*o); !strings.Contains(got, want) {
				t.Errorf("%+v:\n%swant %q", *o, got, want)
			}
		}
	})
}

// The progress of a backfill says what waits, when it ends, what has failed and what to do.
func TestBackfillProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		store := &core.Store{DB: w.db, Table: "runs", Slots: "clusters"}
		clients := backfill.Clients{Pipelines: w.pipelines, Runs: w.runs, Store: store, Lambda: w.lambda}
		at := time.Now().UTC()
		b := core.Backfill{
			ID: "b1", Request: core.Request{Pipeline: "p", From: at, To: at.AddDate(0, 0, 9), Parallel: 2}, State: core.Running,
			CreatedAt: at, Total: 10, Recorded: 8,
		}
		w.no(store.Create(t.Context(), b))
		for i, state := range []run.State{run.Succeeded, run.Failed, run.Running, run.Queued, run.Queued, run.Queued, run.Queued, run.Queued} {
			date := at.AddDate(0, 0, i)
			w.made(w.runs.Create(t.Context(), run.Run{
				ID: fmt.Sprintf("p-%d", i), Pipeline: "p", State: state, LogicalTime: date, RequestedAt: at, StartedAt: at, EndedAt: at.Add(10 * time.Minute),
				CostUSD: 0.5, Backfill: "b1", Parallel: 2, Reason: map[run.State]string{run.Failed: "job a: exited 1"}[state],
			}, nil))
		}
		show := func() string {
			out, notes := len(w.out.String()), len(w.err.String())
			w.no(backfill.Show(t.Context(), "b1", w.io, clients, false))
			return w.out.String()[out:] + w.err.String()[notes:]
		}
		got := show() // 8 are left, 2 at a time, of 10 minutes each
		for _, want := range []string{
			"RUNNING: 10 runs, 7 waiting, 1 running, 1 succeeded, 1 failed; estimated end 2000-01-01T00:40Z (in 40m00s)", "p-1 is FAILED: job a: exited 1",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("running:\n%swant %q", got, want)
			}
		}
		ok, err := store.Change(t.Context(), b, core.Paused, "its runs have cost 5.00 USD", time.Now())
		w.no(err)
		if got := show(); !ok || !strings.Contains(got, "; its runs have cost 5.00 USD") || !strings.Contains(got, "continue with: ephemr backfill resume b1") || strings.Contains(got, "estimated end") {
			t.Errorf("paused:\n%s", got)
		}
		b.State = core.Paused
		if _, err := store.Change(t.Context(), b, core.Cancelled, "", time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := show(); !strings.Contains(got, "CANCELLED: 10 runs, 0 waiting") || !strings.Contains(got, "run them again with: ephemr backfill retry b1") {
			t.Errorf("cancelled:\n%s", got)
		}
	})
}
