package localemr_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/local/localemr"
)

func TestClusterLife(t *testing.T) {
	t.Parallel()
	st := begin(t)
	id := st.run(request("life"))
	c := st.awaitCluster(id, types.ClusterStateWaiting)
	if got := *c.Status.StateChangeReason.Message; got != "Cluster ready to run steps." {
		t.Errorf("reason of WAITING: %q", got)
	}
	if c.Status.Timeline.ReadyDateTime == nil || *c.MasterPublicDnsName == "" || *c.ClusterArn == "" {
		t.Errorf("incomplete description: %+v", c)
	}
	step := st.add(id, bash("one", "true"))[0]
	st.awaitStep(id, step, types.StepStateCompleted)
	c = st.awaitCluster(id, types.ClusterStateWaiting)
	if got := *c.Status.StateChangeReason.Message; got != "Cluster ready after last step completed." {
		t.Errorf("reason of WAITING after a step: %q", got)
	}
	st.terminate(id)
	c = st.awaitCluster(id, types.ClusterStateTerminated)
	want := &types.ClusterStateChangeReason{Code: types.ClusterStateChangeReasonCodeUserRequest, Message: new("Terminated by user request")}
	if diff := cmp.Diff(*want.Message, *c.Status.StateChangeReason.Message); diff != "" || c.Status.StateChangeReason.Code != want.Code {
		t.Errorf("reason of TERMINATED: %+v", c.Status.StateChangeReason)
	}
	if c.Status.Timeline.EndDateTime == nil {
		t.Error("no end in the timeline")
	}
}

func TestEventsOfALife(t *testing.T) {
	t.Parallel()
	st := begin(t)
	id := st.run(request("events", bash("one", "true")))
	st.awaitCluster(id, types.ClusterStateWaiting)
	st.terminate(id)
	st.eventually("TERMINATED has an event", func() bool {
		_, ok := st.bus.find("EMR Cluster State Change", "TERMINATED")
		return ok
	})
	if diff := cmp.Diff([]string{"STARTING", "RUNNING", "WAITING", "TERMINATED"}, st.bus.states("EMR Cluster State Change")); diff != "" {
		t.Errorf("cluster events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"PENDING", "RUNNING", "COMPLETED"}, st.bus.states("EMR Step Status Change")); diff != "" {
		t.Errorf("step events (-want +got):\n%s", diff)
	}
	e, _ := st.bus.find("EMR Cluster State Change", "TERMINATED")
	if e.source != "local.emr" || e.detail["severity"] != "INFO" || e.detail["clusterId"] != id || e.detail["name"] != "events" {
		t.Errorf("envelope: %+v", e)
	}
	if got := e.detail["stateChangeReason"]; got != `{"code":"USER_REQUEST","message":"Terminated by user request"}` {
		t.Errorf("stateChangeReason: %s", got)
	}
	e, _ = st.bus.find("EMR Step Status Change", "COMPLETED")
	if e.detail["actionOnFailure"] != "CONTINUE" || e.detail["stepId"] == "" || e.detail["name"] != "one" {
		t.Errorf("step detail: %+v", e.detail)
	}
}

func TestStepConcurrency(t *testing.T) {
	t.Parallel()
	st := begin(t)
	// Each step waits for the other: they only end when both run at once.
	meet := func(me, other string) types.StepConfig {
		return bash(me, "touch $HOME/"+me+"; while [ ! -e $HOME/"+other+" ]; do sleep 0.01; done")
	}
	in := request("both", meet("a", "b"), meet("b", "a"))
	in.StepConcurrencyLevel = new(int32(2))
	id := st.run(in)
	st.awaitCluster(id, types.ClusterStateWaiting)
	want := []types.StepState{types.StepStateCompleted, types.StepStateCompleted}
	if diff := cmp.Diff(want, stepStates(st.steps(id))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestAutoTermination(t *testing.T) {
	t.Parallel()
	st := begin(t) // a second of the policy lasts a millisecond here
	in := request("idle")
	in.AutoTerminationPolicy = &types.AutoTerminationPolicy{IdleTimeout: new(int64(60))}
	c := st.awaitCluster(st.run(in), types.ClusterStateTerminated)
	if lived := c.Status.Timeline.EndDateTime.Sub(*c.Status.Timeline.ReadyDateTime); lived < 55*time.Millisecond {
		t.Errorf("idled for %s only", lived)
	}
}

// A running step alone does not keep a cluster: what EMR looks at does.
func TestAutoTerminationDuringAStep(t *testing.T) {
	t.Parallel()
	registry := "mkdir -p $HOME/yarn && printf 'application_1_0001\\tPi\\tSPARK\\thadoop\\tdefault\\t%s\\n' "
	tests := map[string]struct {
		script string
		want   types.StepState
	}{
		"touches isbusy":        {`for i in $(seq 50); do touch "$EPHEMR_BUSY_FILE"; sleep 0.1; done`, types.StepStateCompleted},
		"has an application":    {registry + "RUNNING >$HOME/yarn/applications; sleep 5", types.StepStateCompleted},
		"does neither":          {"sleep 5", types.StepStateCancelled},
		"touched it once":       {`touch "$EPHEMR_BUSY_FILE"; sleep 5`, types.StepStateCancelled},
		"its application ended": {registry + "KILLED >$HOME/yarn/applications; sleep 5", types.StepStateCancelled},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := begin(t, func(c *localemr.Config) { c.Settings.IdleSecond = localemr.Duration(2 * time.Second / 60) })
			in := request(name, bash("work", tt.script))
			in.AutoTerminationPolicy = &types.AutoTerminationPolicy{IdleTimeout: new(int64(60))}
			id := st.run(in)
			st.eventually("the step has ended", func() bool {
				state := st.steps(id)[0].Status.State
				return state == types.StepStateCompleted || state == types.StepStateCancelled || state == types.StepStateFailed
			})
			if got := st.steps(id)[0].Status.State; got != tt.want {
				t.Errorf("the step is %s, want %s", got, tt.want)
			}
			if tt.want == types.StepStateCancelled {
				c := st.awaitCluster(id, types.ClusterStateTerminated)
				if got := *c.Status.StateChangeReason.Message; got != "Cluster auto-terminated after being idle" {
					t.Error(got)
				}
			}
		})
	}
}

func TestProvisionTakesItsTime(t *testing.T) {
	t.Parallel()
	st := begin(t, func(c *localemr.Config) {
		c.Settings.Provision = localemr.Duration(50 * time.Millisecond)
		c.Settings.Jitter = localemr.Duration(20 * time.Millisecond)
		c.Settings.Bootstrap = localemr.Duration(20 * time.Millisecond)
	})
	c := st.awaitCluster(st.run(request("slow")), types.ClusterStateWaiting)
	if took := c.Status.Timeline.ReadyDateTime.Sub(*c.Status.Timeline.CreationDateTime); took < 65*time.Millisecond {
		t.Errorf("ready after %s", took)
	}
}

func TestTerminateWhileStarting(t *testing.T) {
	t.Parallel()
	st := begin(t, func(c *localemr.Config) { c.Settings.Provision = localemr.Duration(time.Hour) })
	id := st.run(request("early", bash("never", "touch $HOME/ran")))
	st.terminate(id)
	st.awaitCluster(id, types.ClusterStateTerminated)
	if got := st.steps(id)[0].Status.State; got != types.StepStateCancelled {
		t.Errorf("step is %s", got)
	}
	if found, _ := filepath.Glob(filepath.Join(st.cfg.Data, id, "ran")); found != nil {
		t.Error("the step ran")
	}
}
