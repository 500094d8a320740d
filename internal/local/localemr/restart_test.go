package localemr_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/local/localemr"
)

func (st *stand) restart() {
	st.t.Helper()
	st.close()
	st.open()
}

func TestRestart(t *testing.T) {
	t.Parallel()
	st := begin(t)
	over := st.run(request("over"))
	st.terminate(over)
	st.awaitCluster(over, types.ClusterStateTerminated)
	waiting := st.run(request("waiting", bash("done", "true")))
	st.awaitCluster(waiting, types.ClusterStateWaiting)
	busy := st.run(request("busy", bash("lost", `echo $$ > $HOME/pids; sleep 1000`), bash("next", "true")))
	fatal := bash("lost", `echo $$ > $HOME/pids; sleep 1000`)
	fatal.ActionOnFailure = types.ActionOnFailureTerminateCluster
	doomed := st.run(request("doomed", fatal))
	pids := append(st.pids(busy), st.pids(doomed)...)
	before := st.cluster(waiting)

	began := time.Now()
	st.restart()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("restart took %s", took)
	}
	st.awaitGone(pids)
	out, err := st.emr.ListClusters(t.Context(), &emr.ListClustersInput{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range out.Clusters {
		ids = append(ids, *c.Id)
	}
	if diff := cmp.Diff([]string{doomed, busy, waiting, over}, ids); diff != "" {
		t.Errorf("clusters (-want +got):\n%s", diff)
	}
	if after := st.cluster(waiting); !after.Status.Timeline.ReadyDateTime.Equal(*before.Status.Timeline.ReadyDateTime) || after.Status.State != types.ClusterStateWaiting {
		t.Errorf("waiting cluster: %+v", after.Status)
	}
	st.awaitCluster(busy, types.ClusterStateWaiting)
	if diff := cmp.Diff([]types.StepState{"FAILED", "COMPLETED"}, stepStates(st.steps(busy))); diff != "" {
		t.Errorf("steps of the busy cluster (-want +got):\n%s", diff)
	}
	c := st.awaitCluster(doomed, types.ClusterStateTerminatedWithErrors)
	if c.Status.StateChangeReason.Code != types.ClusterStateChangeReasonCodeStepFailure {
		t.Errorf("reason: %s", c.Status.StateChangeReason.Code)
	}
	st.add(waiting, bash("more", "true"))
	st.eventually("the cluster goes on", func() bool { return st.steps(waiting)[1].Status.State == types.StepStateCompleted })
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	st := begin(t)
	for name, change := range map[string]func(*localemr.Config){
		"a data directory in use": func(*localemr.Config) {},
		"a negative setting":      func(c *localemr.Config) { c.Data, c.Settings.Jitter = t.TempDir(), -1 },
		"an unknown fault": func(c *localemr.Config) {
			c.Data, c.Faults = t.TempDir(), []localemr.Fault{{Kind: "gremlin"}}
		},
		"a broken state file": func(c *localemr.Config) {
			c.Data = t.TempDir()
			if err := os.MkdirAll(filepath.Join(c.Data, "state"), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(c.Data, "state", "j-1.json"), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		cfg := st.cfg
		change(&cfg)
		if s, err := localemr.New(cfg); err == nil {
			t.Errorf("%s is accepted", name)
			_ = s.Close()
		}
	}
}

func TestRestartWhileComingAndGoing(t *testing.T) {
	t.Parallel()
	st := begin(t, func(c *localemr.Config) {
		c.Settings.Provision = localemr.Duration(400 * time.Millisecond)
		c.Settings.TerminateGrace = localemr.Duration(time.Hour)
	})
	going := st.run(request("going", bash("stubborn", `trap '' TERM; echo $$ > $HOME/pids; while true; do sleep 0.02; done`)))
	pids := st.pids(going)
	st.terminate(going)
	if got := st.cluster(going).Status.State; got != types.ClusterStateTerminating {
		t.Errorf("going is %s", got)
	}
	coming := st.run(request("coming", bash("one", "true")))
	created := *st.cluster(coming).Status.Timeline.CreationDateTime
	st.restart()
	st.awaitGone(pids)
	st.awaitCluster(going, types.ClusterStateTerminated)
	c := st.awaitCluster(coming, types.ClusterStateWaiting)
	if !c.Status.Timeline.CreationDateTime.Equal(created) || c.Status.Timeline.ReadyDateTime.Sub(created) < 400*time.Millisecond {
		t.Errorf("timeline: %+v", c.Status.Timeline)
	}
}

func TestThreeHundredClusters(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts 300 processes")
	}
	st := begin(t)
	began := time.Now()
	for i := range 300 {
		in := request(fmt.Sprint("c", i), bash("one", "true"))
		in.Instances.KeepJobFlowAliveWhenNoSteps = new(false)
		st.run(in)
	}
	var health localemr.Health
	st.eventually("all have terminated", func() bool {
		st.admin("GET", "health", nil, &health)
		return health.Clusters["TERMINATED"] == 300
	})
	t.Logf("300 clusters with a step each in %s", time.Since(began))
	if dirs, _ := filepath.Glob(filepath.Join(st.cfg.Data, "j-*", "steps", "*")); len(dirs) != 300 {
		t.Errorf("%d step directories", len(dirs))
	}
}
