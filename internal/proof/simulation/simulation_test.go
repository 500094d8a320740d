package simulation_test

import (
	"log/slog"
	"os"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	debug.SetGCPercent(400) // worlds are small and soon gone
	os.Exit(m.Run())
}

const one = `
pipeline: one
triggers: [{s3: {bucket: raw, prefix: in/}}]
cluster: {profile: small}
jobs: [{name: a, type: bash, source: a}]
`

// One upload, one job: the way of a run as the design draws it.
func TestUploadRunsItsPipeline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{})
		defer w.Close()
		w.Apply(one)
		w.Upload("in/a.csv")
		synctest.Wait()
		ids := w.RunIDs()
		if len(ids) != 1 {
			t.Fatalf("runs %v, want one", ids)
		}
		rec := w.Wait(ids[0])
		time.Sleep(2 * time.Minute)

		if rec.Run.State != run.Succeeded {
			t.Errorf("run is %s: %s", rec.Run.State, rec.Run.Reason)
		}
		result := w.Result(ids[0])
		want := []string{"PrepareRun", "Prepared", "CreateCluster", "SubmitSteps", "JobsLeft", "TerminateCluster", "FinishRun", "Outcome", "Succeeded"}
		if diff := cmp.Diff(want, result.Path); diff != "" || result.Status != asl.Succeeded {
			t.Errorf("%s, path:\n%s", result.Status, diff)
		}
		own, _ := w.Calls()
		if n := simulation.Sum(own); n > 8 {
			t.Errorf("%d EMR calls, want at most 8: %v", n, own)
		}
		if left := w.Left(); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
		if errs := w.Errors(); len(errs) > 0 {
			t.Errorf("errors: %v", errs)
		}
		t.Log(result.Transitions, own, rec.Run.CostUSD)
	})
}
