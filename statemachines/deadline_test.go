package statemachines_test

import (
	"testing"
	"time"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

const brief = "pipeline: brief\n" + watching + "cluster: {profile: small, pool: shared}\nlimits: {deadline: 10m}\n" +
	"jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b, needs: [a]}]"

// A run past its deadline submits nothing: sweep takes its capacity back and leases
// it to others.
func TestNothingIsSubmittedAfterTheDeadline(t *testing.T) {
	t.Parallel()
	c := simulation.Config{NoTicks: true, Starting: time.Minute, Bootstrapping: time.Minute, Steps: always(simulation.Step{Takes: 9 * time.Minute})}
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		got, id := uploaded(t, w, brief, nil)
		want := ended{
			Path: path(begin, round, stopped, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "a=SUCCEEDED b=SKIPPED", Clusters: 1,
		}
		got.Left = []string{} // the cluster of the pool waits for its keepAlive
		compare(t, w, id, want, got)
		if n := len(w.EMR.Steps(*w.EMR.Clusters()[0].Id)); n != 1 {
			t.Errorf("%d steps were submitted, want one", n)
		}
	})
}

// An invocation that began before the deadline writes its intent within a lease,
// and its step has arrived before sweep takes the capacity back.
func TestCapacityIsTakenBackAfterTheLastStep(t *testing.T) {
	t.Parallel()
	if latest := run.Lease + cluster.InFlightFor; engine.Grace < latest {
		t.Errorf("sweep takes capacity back %s after the deadline; a step may arrive %s after it", engine.Grace, latest)
	}
}
