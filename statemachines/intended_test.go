package statemachines_test

import (
	"encoding/json"
	"testing"
	"time"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// A run that ends while it does not know whether its cluster was created looks for
// the cluster on its way out, and does not leave it to sweep.
func TestIntendedClusterIsFoundOnTheWayOut(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{NoTicks: true}, func(t *testing.T, w *simulation.World) {
		w.EMR.LoseNext("RunJobFlow", errLost)
		failing(w, "ListClusters", awsfake.Throttled(), awsfake.Throttled())
		w.Apply(one)
		w.Upload("in/a.csv")
		time.Sleep(time.Second)
		id := w.RunIDs()[0]
		rec := w.Record(id)
		if c := rec.Cluster(); c == nil || c.State != run.ClusterIntended || len(w.Open()) != 1 {
			t.Fatalf("attempt %+v, open clusters %q: want one of which the run does not know", c, w.Open())
		}
		payload, err := json.Marshal(map[string]string{"op": "cancel", "runId": id})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Invoke("control", payload); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute)
		if got := w.Record(id).Run.State; got != run.Cancelled {
			t.Errorf("the run is %s", got)
		}
		if open := w.Open(); len(open) > 0 {
			t.Errorf("open clusters %q", open)
		}
	})
}
