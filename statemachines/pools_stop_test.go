package statemachines_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/pool"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// poolCluster is the record of a pool's cluster.
func poolCluster(t *testing.T, w *simulation.World, id string) pool.Cluster {
	t.Helper()
	c, err := (&pool.Store{DB: w.DB, Table: w.Settings.ClustersTable}).Get(t.Context(), id)
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	return *c
}

// What cannot be stopped drains its cluster: others end what they have there, and
// take the rest along when they go.
func TestWhatCannotBeStoppedDrainsItsCluster(t *testing.T) {
	t.Parallel()
	steps := func(a simulation.Attempt) simulation.Step {
		return simulation.Step{Takes: map[bool]time.Duration{true: 10 * time.Hour, false: 30 * time.Minute}[a.RunID[0] == 'p']}
	}
	refuse := &types.InvalidRequestException{Message: new("no")}
	inWorld(t, simulation.Config{Steps: steps}, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("p", nightly, ""))
		w.Apply(pooled("q", nightly, ""))
		first := asks(t, w, "p")[0]
		time.Sleep(10 * time.Minute)
		second := asks(t, w, "q")[0]
		time.Sleep(time.Minute)
		id := w.Record(second).Cluster().ID
		w.EMR.FailNext("CancelSteps", slices.Repeat([]error{refuse}, 20)...)
		control(t, w, `{"op": "cancel", "runId": "`+first+`", "why": "enough"}`)
		if rec := w.Wait(first); rec.Run.State != run.Cancelled {
			t.Errorf("run is %s: %s", rec.Run.State, rec.Run.Reason)
		}
		if c := poolCluster(t, w, id); c.State != pool.Draining || len(c.Leases) != 1 {
			t.Errorf("the cluster is %+v", c)
		}
		third := asks(t, w, "q")[0]
		succeeded(t, w, second)
		if c := poolCluster(t, w, id); c.State != pool.Gone {
			t.Errorf("after the last release the cluster is %s", c.State)
		}
		succeeded(t, w, third)
		if w.Record(second).Cluster().ID != id || w.Record(third).Cluster().ID == id {
			t.Errorf("the second run was on %s, the third on %s", w.Record(second).Cluster().ID, w.Record(third).Cluster().ID)
		}
		clean(t, w)
	})
}

// A step may be on its way when its run is cancelled: its lease is not given back
// before it can no longer arrive.
func TestStepInFlight(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"never sent": false, "sent": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{Steps: long}, func(t *testing.T, w *simulation.World) {
				w.Apply(pooled("p", nightly, ""))
				first := asks(t, w, "p")[0]
				succeeded(t, w, first)
				id := w.Record(first).Cluster().ID
				w.Crash("EMR:AddJobFlowSteps", after)
				second := asks(t, w, "p")[0]
				intent := w.Record(second).Jobs[0].IntentAt
				control(t, w, `{"op": "cancel", "runId": "`+second+`", "why": "enough"}`)
				w.Wait(second)
				if rec := w.Record(second); rec.Run.State != run.Cancelled || rec.Cluster().State != run.ClusterReleased {
					t.Errorf("run is %s, its cluster %s", rec.Run.State, rec.Cluster().State)
				}
				for _, s := range w.EMR.Steps(id)[1:] {
					if s.Status.State != types.StepStateCancelled {
						t.Errorf("step %s is %s", *s.Name, s.Status.State)
					}
				}
				if took := w.Record(second).Cluster().EndedAt.Sub(intent); !after && took < time.Minute {
					t.Errorf("the lease was given back %s after the step was to be sent", took)
				}
				if c := poolCluster(t, w, id); c.State != pool.Ready || !c.Empty() {
					t.Errorf("the cluster is %+v", c)
				}
				clean(t, w)
			})
		})
	}
}

// A cluster that was never ready is no use to others: it goes with its run.
func TestCancelledWhileThePoolIsCold(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{NoTicks: true}, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("p", nightly, ""))
		id := asks(t, w, "p")[0]
		time.Sleep(time.Minute)
		control(t, w, `{"op": "cancel", "runId": "`+id+`", "why": "enough"}`)
		w.Wait(id)
		if left := w.Left(); len(left) > 0 {
			t.Errorf("left %q", left)
		}
		if c := w.Record(id).Cluster(); c.State != run.ClusterTerminating {
			t.Errorf("the attempt is %s", c.State)
		}
	})
}

// The end of a step without an event is noticed by the next tick, also while the
// cluster is busy for another run.
func TestLostEventOnASharedCluster(t *testing.T) {
	t.Parallel()
	steps := func(a simulation.Attempt) simulation.Step {
		return simulation.Step{Takes: map[bool]time.Duration{true: time.Hour, false: time.Minute}[a.RunID[0] == 'p']}
	}
	lost := func(detailType string) []time.Duration {
		if detailType == awsfake.StepStatusChange {
			return nil
		}
		return []time.Duration{0}
	}
	inWorld(t, simulation.Config{Steps: steps, EventDelays: lost}, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("p", nightly, ""))
		w.Apply(pooled("q", nightly, ""))
		asks(t, w, "p")
		time.Sleep(10 * time.Minute)
		began := time.Now()
		succeeded(t, w, asks(t, w, "q")...)
		if took := time.Since(began); took > 3*time.Minute {
			t.Errorf("a step of a minute took %s", took)
		}
	})
}
