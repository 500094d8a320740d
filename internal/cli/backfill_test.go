package cli_test

import (
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
