package sweep_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/sweep"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

const one = `
pipeline: one
triggers: [{s3: {bucket: raw, prefix: in/}}]
cluster: {profile: small}
jobs: [{name: a, type: bash, source: a}]
`

// swept is what a sweep repaired: what, and of which run.
func swept(t *testing.T, w *simulation.World) []string {
	t.Helper()
	reply, err := w.Invoke("sweep", json.RawMessage("{}"))
	if err != nil {
		t.Errorf("sweep: %v", err)
	}
	var out sweep.Output
	if err := json.Unmarshal(reply, &out); err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, r := range out.Repairs {
		if r.Reason == "" {
			t.Errorf("repair %+v has no reason", r)
		}
		got = append(got, r.What+" "+r.RunID)
	}
	return got
}

func create(t *testing.T, w *simulation.World, name string, tags map[string]string) {
	t.Helper()
	in := awsfake.ClusterRequest(name)
	for k, v := range tags {
		in.Tags = append(in.Tags, types.Tag{Key: &k, Value: &v})
	}
	if _, err := w.EMR.RunJobFlow(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func inWorld(t *testing.T, f func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true})
		defer w.Close()
		w.Apply(one)
		f(t, w)
	})
}

func put(t *testing.T, w *simulation.World, r run.Run) {
	t.Helper()
	r.Pipeline, r.LogicalTime = "one", time.Now()
	if r.RequestedAt.IsZero() {
		r.RequestedAt = time.Now()
	}
	if _, ok, err := w.Runs.Create(t.Context(), r, nil); !ok || err != nil {
		t.Fatal(ok, err)
	}
}

// Clusters that no run needs are terminated; those that a run needs, or that are not
// ours, stay.
func TestClusters(t *testing.T) {
	t.Parallel()
	mine := map[string]string{cluster.TagStage: "test", cluster.TagRun: "r"}
	for _, tt := range []struct {
		name    string
		cluster string
		tags    map[string]string
		run     *run.Run
		after   time.Duration
		want    []string
	}{
		{name: "run is not known", cluster: "r.1", tags: mine, after: 10 * time.Minute, want: []string{"cluster-terminated r"}},
		{name: "run is not known yet", cluster: "r.1", tags: mine, after: 4 * time.Minute},
		{name: "run is over", cluster: "r.2", tags: mine, run: &run.Run{ID: "r", State: run.Failed}, after: time.Hour, want: []string{"cluster-terminated r"}},
		{name: "run goes on", cluster: "r.1", tags: mine, run: &run.Run{ID: "r", State: run.Queued}, after: time.Hour},
		{name: "past the deadline", cluster: "r.1", tags: mine, run: &run.Run{ID: "r", State: run.Queued, Deadline: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)}, after: time.Minute, want: []string{"cluster-terminated r"}},
		{name: "another stage's", cluster: "r.1", tags: map[string]string{cluster.TagStage: "prod", cluster.TagRun: "r"}, after: time.Hour},
		{name: "without tags", cluster: "r.1", after: time.Hour},
		{name: "tagged for another run", cluster: "r.1", tags: map[string]string{cluster.TagStage: "test", cluster.TagRun: "q"}, after: time.Hour},
		{name: "named by another program", cluster: "analytics", tags: mine, after: time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				if tt.run != nil {
					put(t, w, *tt.run)
				}
				create(t, w, tt.cluster, tt.tags)
				time.Sleep(tt.after)
				if tt.want == nil {
					tt.want = []string{}
				}
				if diff := cmp.Diff(tt.want, swept(t, w)); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				if gone := len(w.Open()) == 0; gone != (len(tt.want) > 0) {
					t.Errorf("open clusters: %q", w.Open())
				}
				if again := swept(t, w); len(again) > 0 {
					t.Errorf("a second sweep repairs %q", again)
				}
			})
		})
	}
}

// guarded is EMR as IAM lets the functions of stage test use it: by the tag.
type guarded struct{ emrapi.API }

func (g guarded) DescribeCluster(ctx context.Context, in *emr.DescribeClusterInput, opts ...func(*emr.Options)) (*emr.DescribeClusterOutput, error) {
	out, err := g.API.DescribeCluster(ctx, in, opts...)
	if err == nil && cluster.Tag(out.Cluster.Tags, cluster.TagStage) != "test" {
		return nil, &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: elasticmapreduce:DescribeCluster"}
	}
	return out, err
}

// Another stage's cluster in the account is no trouble of ours.
func TestRightsEndAtTheTag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true, EMR: func(_ string, api emrapi.API) emrapi.API { return guarded{API: api} }})
		defer w.Close()
		create(t, w, "r.1", map[string]string{cluster.TagStage: "prod", cluster.TagRun: "r"})
		time.Sleep(time.Hour)
		if got := swept(t, w); len(got) > 0 || len(w.Open()) != 1 {
			t.Errorf("repaired %q, open %q", got, w.Open())
		}
	})
}

// What cannot be repaired does not affect the rest.
func TestOneFailureLeavesTheOthers(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		for _, id := range []string{"a", "b", "c"} {
			put(t, w, run.Run{ID: id, State: run.Running, Execution: "arn:aws:states:us-east-1:123456789012:execution:run:" + id})
			create(t, w, id+".1", map[string]string{cluster.TagStage: "test", cluster.TagRun: id})
		}
		time.Sleep(10 * time.Minute)
		w.SFN.FailNext("DescribeExecution", errors.New("throttled"))
		if _, err := w.Invoke("sweep", json.RawMessage("{}")); err == nil {
			t.Error("the failure is not reported")
		}
		over := 0
		for _, id := range []string{"a", "b", "c"} {
			if w.Record(id).Run.State.Final() {
				over++
			}
		}
		if over != 2 {
			t.Errorf("%d runs are repaired, want 2", over)
		}
		time.Sleep(10 * time.Minute)
		w.EMR.FailNext("TerminateJobFlows", errors.New("protected"))
		if _, err := w.Invoke("sweep", json.RawMessage("{}")); err == nil {
			t.Error("the failure is not reported")
		}
		if n := len(w.Open()); n > 2 {
			t.Errorf("%d clusters are left", n)
		}
	})
}

// Slots of runs that are over, or never were, come back.
func TestSlots(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		w.Upload("in/a.csv")
		synctest.Wait()
		id := w.RunIDs()[0]
		time.Sleep(time.Minute)
		if _, err := w.Runs.Finish(t.Context(), run.Run{ID: id}, run.Outcome{State: run.Failed, Class: "internal"}, time.Now(), run.Cost{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if diff := cmp.Diff([]string{"slot-released " + id, "cluster-terminated " + id}, swept(t, w)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// An admitted run whose execution failed before it could say so must not keep
// its slots for ever.
func TestAdmittedButFailed(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		const id = "one-20000101T0000-00000000"
		put(t, w, run.Run{ID: id, State: run.Admitted, AdmittedAt: time.Now()})
		w.Start(id, `{"runId": "nobody"}`) // fails, and has used the name
		for range 20 {
			time.Sleep(time.Minute)
			_, admitErr := w.Invoke("admit", json.RawMessage("{}"))
			_, sweepErr := w.Invoke("sweep", json.RawMessage("{}"))
			if err := errors.Join(admitErr, sweepErr); err != nil {
				t.Fatal(err)
			}
		}
		if rec := w.Record(id); !rec.Run.State.Final() || len(w.Left()) > 0 {
			t.Errorf("run is %s, left %q, execution %s", rec.Run.State, w.Left(), w.Result(id).Status)
		}
	})
}
