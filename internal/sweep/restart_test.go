package sweep_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// A run that was retried before sweep could take its old cluster along must not
// keep that alive: a step may still run there.
func TestClusterFromBeforeARestart(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		put(t, w, run.Run{ID: "r", State: run.Queued, Restarts: 1})
		for restart, name := range []string{"r.1", "r.2"} {
			c := run.Cluster{Attempt: restart + 1, Restart: restart, Name: name, State: run.ClusterIntended}
			if ok, err := w.Runs.CreateClusterAttempt(t.Context(), "r", c); !ok || err != nil {
				t.Fatal(ok, err)
			}
			create(t, w, name, map[string]string{cluster.TagStage: "test", cluster.TagRun: "r"})
		}
		time.Sleep(time.Minute)
		swept(t, w)
		if diff := cmp.Diff([]string{"r.2"}, w.Open()); diff != "" {
			t.Errorf("open clusters -want +got:\n%s", diff)
		}
	})
}
