package intake_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"ephemr/events"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Five thousand requests at once are taken without one error and without a call
// to EMR; there is room for one, and the others wait in the queue.
func TestBurstIsTaken(t *testing.T) {
	t.Parallel()
	n := 5000
	if testing.Short() {
		n = 200
	}
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) { s.Limits.MaxActive = 1 }})
		defer w.Close()
		w.Apply("pipeline: one\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]")
		for i := range n {
			w.Request(events.Request{RequestID: fmt.Sprint(i), Pipeline: "one"})
		}
		synctest.Wait()
		byState := map[run.State]int{}
		for _, id := range w.RunIDs() {
			byState[w.Record(id).Run.State]++
		}
		if len(w.Errors()) > 0 || byState[run.Queued] != n-1 || byState[run.Running] != 1 || w.EMR.Calls("RunJobFlow") != 1 {
			t.Errorf("runs by state %v, %d clusters, errors %v", byState, w.EMR.Calls("RunJobFlow"), w.Errors())
		}
	})
}
