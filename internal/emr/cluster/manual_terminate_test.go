package cluster_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/operation"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

const shared = `
pipeline: shared
triggers: [{s3: {bucket: raw, prefix: shared/}}]
cluster: {profile: small, pool: nightly, keepAlive: 20m}
jobs: [{name: a, type: bash, source: a}]
`

// inWorld has a stage whose steps take ten minutes.
func inWorld(t *testing.T, f func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Steps: func(simulation.Attempt) simulation.Step { return simulation.Step{Takes: 10 * time.Minute} }})
		defer w.Close()
		w.Apply(one)
		w.Apply(shared)
		f(t, w)
	})
}

// began lets an upload become a run whose step runs, and returns its id and its
// cluster's.
func began(t *testing.T, w *simulation.World, key string) (id, clusterID string) {
	t.Helper()
	before := w.RunIDs()
	w.Upload(key)
	synctest.Wait()
	for _, r := range w.RunIDs() {
		if !slices.Contains(before, r) {
			id = r
		}
	}
	for range 900 {
		time.Sleep(time.Second)
		if rec := w.Record(id); len(rec.Jobs) > 0 && rec.Jobs[0].State == run.JobRunning {
			time.Sleep(10 * time.Second)
			return id, rec.Cluster().ID
		}
	}
	t.Fatalf("run %s has not begun", id)
	return "", ""
}

// byHand asks for a cluster's end and returns the answer or the refusal.
func byHand(t *testing.T, w *simulation.World, clusterID string, force bool) (out cluster.ManualOutput, refusal string) {
	t.Helper()
	in, err := operation.Payload(operation.Terminate, cluster.ManualRequest{ClusterID: clusterID, Force: force, Why: "by a test"})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := w.Invoke("control", in)
	if e, ok := err.(messages.InvokeResponse_Error); ok { //nolint:errorlint // it is reported by value and unwrapped
		if e.Type != string(fault.InvalidInput) {
			t.Errorf("refused with %s: %s", e.Type, e.Message)
		}
		return out, e.Message
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(reply, &out); err != nil {
		t.Fatal(err)
	}
	return out, ""
}

func terminating(id string, runs ...string) cluster.ManualOutput {
	return cluster.ManualOutput{ClusterID: id, State: "TERMINATING", Runs: append([]string{}, runs...)}
}

func same(t *testing.T, want, got cluster.ManualOutput) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer -want +got:\n%s", diff)
	}
}

// finished waits for a run and checks that nothing is left of it.
func finished(t *testing.T, w *simulation.World, id string, state run.State) {
	t.Helper()
	rec := w.Wait(id)
	time.Sleep(10 * time.Minute)
	if left := w.Left(); rec.Run.State != state || len(left) > 0 {
		t.Errorf("run is %s (%s), want %s; left %q", rec.Run.State, rec.Run.Reason, state, left)
	}
}

// A cluster that a run uses is left alone; by force the run loses it, and finds
// out.
func TestByHandInUse(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		id, clusterID := began(t, w, "in/a.csv")
		_, refusal := byHand(t, w, clusterID, false)
		if !strings.Contains(refusal, "is used by run "+id+", which is RUNNING; end the run with ephemr cancel "+id+", or give --force") {
			t.Errorf("refusal: %s", refusal)
		}
		if len(w.Open()) != 1 {
			t.Fatal("the cluster is gone all the same")
		}
		out, _ := byHand(t, w, clusterID, true)
		same(t, terminating(clusterID, id), out)
		finished(t, w, id, run.Cancelled) // EMR says USER_REQUEST
	})
}

// A cluster whose run has no use for it any more can go.
func TestByHandLeftOver(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(w *simulation.World, id string) error{
		"run is over": func(w *simulation.World, id string) error {
			_, err := w.Runs.Finish(t.Context(), run.Run{ID: id}, run.Outcome{State: run.Failed, Class: "internal"}, time.Now(), run.Cost{})
			return err
		},
		"attempt failed": func(w *simulation.World, id string) error {
			c := *w.Record(id).Cluster()
			c.State = run.ClusterFailed
			_, err := w.Runs.ReplaceCluster(t.Context(), id, c, run.ClusterReady, c.Intent)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				id, clusterID := began(t, w, "in/a.csv")
				if err := leave(w, id); err != nil {
					t.Fatal(err)
				}
				out, refusal := byHand(t, w, clusterID, false)
				if refusal != "" {
					t.Fatal(refusal)
				}
				same(t, terminating(clusterID), out)
				time.Sleep(2 * time.Second)
				if at := w.CloudMap.Registered(); len(w.Open())+len(at) > 0 {
					t.Errorf("open %q, found at %v", w.Open(), at)
				}
				if _, again := byHand(t, w, clusterID, false); again != "cluster "+clusterID+" has ended already, or is about to" {
					t.Errorf("twice: %s", again)
				}
			})
		})
	}
}

// What is not this stage's is never touched, whatever its name is and by force
// neither.
func TestByHandForeign(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		id, clusterID := began(t, w, "in/a.csv")
		made := func(tags ...types.Tag) string {
			t.Helper()
			in := awsfake.ClusterRequest(id + ".2")
			in.Tags = tags
			out, err := w.EMR.RunJobFlow(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			return *out.JobFlowId
		}
		unknown, theirs := made(types.Tag{Key: new(cluster.TagStage), Value: new("test")}), made(types.Tag{Key: new(cluster.TagStage), Value: new("prod")})
		registry := &cluster.Registry{DB: w.DB, Table: w.Settings.ClustersTable}
		for _, e := range []cluster.Record{{ID: theirs, RunID: id}, {ID: "j-FORGOTTEN", RunID: id}} {
			if err := registry.Put(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		for _, foreign := range []string{"j-NOBODY", unknown, theirs, "j-FORGOTTEN"} {
			_, refusal := byHand(t, w, foreign, true)
			if want := "cluster " + foreign + " is not one of stage test; ephemr clusters lists those that are up"; refusal != want {
				t.Errorf("%s: %s", foreign, refusal)
			}
		}
		w.EMR.FailNext("DescribeCluster", &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no such tag"})
		if _, refusal := byHand(t, w, clusterID, true); !strings.Contains(refusal, "is not one of stage test") {
			t.Errorf("a tag that IAM does not like: %s", refusal)
		}
		if len(w.Open()) != 3 {
			t.Errorf("open: %q", w.Open())
		}
	})
}

// A pool's cluster takes no new runs, and goes when the last has given it back.
func TestByHandPool(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		first, clusterID := began(t, w, "shared/a.csv")
		at := w.CloudMap.Registered()["nightly/"+clusterID]
		if at["pool"] != "nightly" || at["team"] != "default" || at["run"]+at["pipeline"] != "" {
			t.Errorf("found with %v, want it as the pool's", at)
		}
		out, refusal := byHand(t, w, clusterID, false)
		same(t, cluster.ManualOutput{ClusterID: clusterID, State: "DRAINING", Runs: []string{first}}, out)
		second, other := began(t, w, "shared/b.csv")
		if refusal != "" || other == clusterID {
			t.Errorf("the next run got the drained cluster; %s", refusal)
		}
		if rec := w.Wait(first); rec.Run.State != run.Succeeded {
			t.Errorf("run is %s: %s", rec.Run.State, rec.Run.Reason)
		}
		time.Sleep(2 * time.Minute)
		if open := w.Open(); len(open) != 1 {
			t.Errorf("open %q, want the other", open)
		}
		if rec := w.Wait(second); rec.Run.State != run.Succeeded {
			t.Errorf("run is %s: %s", rec.Run.State, rec.Run.Reason)
		}
		time.Sleep(time.Minute)
		out, _ = byHand(t, w, other, false) // idle
		same(t, terminating(other), out)
		time.Sleep(10 * time.Minute)
		if left := w.Left(); len(left) > 0 {
			t.Errorf("left %q", left)
		}
	})
}

// By force a pool's cluster goes at once, and its runs find out.
func TestByHandPoolForced(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		id, clusterID := began(t, w, "shared/a.csv")
		out, _ := byHand(t, w, clusterID, true)
		same(t, terminating(clusterID, id), out)
		finished(t, w, id, run.Cancelled)
	})
}
