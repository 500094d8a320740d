package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/admission"
	"ephemr/internal/budget"
	"ephemr/internal/engine"
	"ephemr/internal/outbox"
	"ephemr/internal/outcome"
	"ephemr/internal/proof/instant"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/sweep"
)

// endless fails to end some runs.
type endless struct{ sweep.Finisher }

func (e endless) Finish(ctx context.Context, in outcome.FinishInput) (outcome.FinishOutput, error) {
	if strings.HasPrefix(in.RunID, "poisoned") {
		return outcome.FinishOutput{}, errors.New("cannot be ended")
	}
	return e.Finisher.Finish(ctx, in)
}

// However many runs cannot be ended, or not be announced, a few sweeps end the others.
func TestRunsThatCannotEnd(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, w *simulation.World, r run.Run){
		"expired": func(*testing.T, *simulation.World, run.Run) {},
		"not announced": func(t *testing.T, w *simulation.World, r run.Run) {
			t.Helper()
			if ok, err := w.Runs.Finish(t.Context(), r, run.Outcome{State: run.Failed}, time.Now(), run.Cost{}); !ok || err != nil {
				t.Fatal(ok, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(simulation.Config{NoTicks: true, Instant: true})
				defer w.Close()
				w.Apply(one)
				queue(t, w, func(r run.Run) { prepare(t, w, r) })
				time.Sleep(run.MaxQueued + time.Hour)
				s := poisonedSweeper(w)
				for range 5 {
					if _, err := s.Sweep(t.Context(), nil); err == nil {
						t.Error("no error of the runs that cannot end")
					}
					time.Sleep(5 * time.Minute)
				}
				for i := 300; i < 305; i++ {
					if r := w.Record(fmt.Sprintf("well-%d", i)).Run; !r.Announced {
						t.Errorf("run %s is %s and not announced", r.ID, r.State)
					}
				}
			})
		})
	}
}

// queue creates runs, of which some cannot be ended.
func queue(t *testing.T, w *simulation.World, prepare func(run.Run)) {
	t.Helper()
	v, err := w.Pipelines.Current(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 305 {
		r := run.Run{ID: fmt.Sprintf("poisoned-%d", i), Pipeline: "one", State: run.Queued, RequestedAt: time.Now()}
		if i >= 300 {
			r.ID = fmt.Sprintf("well-%d", i)
		}
		if _, _, err := w.Runs.Create(t.Context(), r, &v.Spec); err != nil {
			t.Fatal(err)
		}
		prepare(r)
	}
}

// poisonedSweeper sweeps w with an endless Finisher.
func poisonedSweeper(w *simulation.World) *sweep.Sweeper {
	slots := &admission.Slots{DB: w.DB, Table: w.Settings.ClustersTable}
	notices := &outbox.Store{DB: w.DB, Table: w.Settings.RunsTable}
	return &sweep.Sweeper{
		Pipelines: w.Pipelines,
		Settings:  w.Settings, Runs: w.Runs, SFN: w.SFN, Bus: w.Bus, Metrics: w.Metrics, Slots: slots,
		Budgets:  &budget.Checker{Settings: w.Settings, Runs: w.Runs, Notices: notices},
		Engines:  engine.Set{Default: &instant.Engine{Service: w.Instant, Runs: w.Runs}},
		Finisher: endless{&outcome.Finisher{Settings: w.Settings, Runs: w.Runs, Bus: w.Bus, Notices: notices, Slots: slots}},
	}
}
