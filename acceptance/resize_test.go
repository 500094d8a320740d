package acceptance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/run"
)

// taskUnits is what a cluster has of its task fleet, and what is wanted.
func (w *world) taskUnits(t *testing.T, cluster string) string {
	t.Helper()
	out, err := w.emr.ListInstanceFleets(t.Context(), &emr.ListInstanceFleetsInput{ClusterId: &cluster})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range out.InstanceFleets {
		if f.InstanceFleetType == types.InstanceFleetTypeTask {
			return fmt.Sprintf("%d of %d", *f.ProvisionedSpotCapacity+*f.ProvisionedOnDemandCapacity, *f.TargetSpotCapacity+*f.TargetOnDemandCapacity)
		}
	}
	return "none"
}

func (w *world) awaitTaskUnits(t *testing.T, cluster, want string) {
	t.Helper()
	eventually(t, want+" task units", func() (bool, string) {
		got := w.taskUnits(t, cluster)
		return got == want, got
	})
}

// While a run is at work somebody gives its cluster more task units, and the
// command comes back when they are there.
func TestResize(t *testing.T) {
	t.Parallel()
	name := "resized-" + nonce
	w.apply(t, bash(name, ""), map[string]string{"work": "sleep 600"})
	id := w.begin(t, name)
	w.until(t, id, "work")
	out, stderr, code := w.cli(t, t.TempDir(), "resize", id, "--task", "2")
	if code != 0 || !strings.HasPrefix(out, "task: requested 2, running 2 (") {
		t.Fatalf("ephemr resize: exit code %d\n%s%s", code, out, stderr)
	}
	rec, err := w.runs.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	cluster := rec.Cluster()
	if got := w.taskUnits(t, cluster.ID); got != "2 of 2" {
		t.Errorf("%s task units", got)
	}
	if len(cluster.Resizes) != 1 || cluster.Resizes[0].Kind != run.Task || cluster.Resizes[0].More != 2 {
		t.Errorf("record: %+v", cluster.Resizes)
	}
	if _, stderr, code := w.cli(t, t.TempDir(), "cancel", "--kill", id); code != 0 {
		t.Fatalf("ephemr cancel: exit code %d, %s", code, stderr)
	}
	w.end(t, id)
}

// Task units come with the job that wants them and go when it has ended, and the
// run's record and cost tell of them.
func TestResizeOfJob(t *testing.T) {
	t.Parallel()
	name := "grows-" + nonce
	w.apply(t, "pipeline: "+name+`
cluster: {profile: small}
jobs:
  - {name: first, type: bash, source: jobs/first, resize: {task: 3}}
  - {name: second, type: bash, source: jobs/second, needs: [first]}
`, map[string]string{"first": "sleep 8", "second": "sleep 8"})
	id := w.begin(t, name)
	w.until(t, id, "first")
	rec, err := w.runs.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	w.awaitTaskUnits(t, rec.Cluster().ID, "3 of 3")
	w.until(t, id, "second")
	w.awaitTaskUnits(t, rec.Cluster().ID, "0 of 0")
	rec = w.good(t, id)
	if first, second := rec.Job("first").Resize, rec.Job("second").Resize; first != "3 task units" || second != "" {
		t.Errorf("notes %q and %q", first, second)
	}
	if out, _, _ := w.cli(t, t.TempDir(), "show", id); !strings.Contains(out, "+3 task units, for its jobs") || !strings.Contains(out, "resize of first: 3 task units") {
		t.Errorf("ephemr show says nothing of it:\n%s", out)
	}
}

// What clusters of a profile can never have is reported before a pipeline is registered.
func TestResizeOfJobIsRefused(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{
		"pipeline.yaml":    "pipeline: big-" + nonce + "\ncluster: {profile: small}\njobs: [{name: work, type: bash, source: jobs/work, resize: {task: 500}}]\n",
		"jobs/work/run.sh": "true",
	})
	if _, stderr, code := w.cli(t, dir, "apply", "pipeline.yaml"); code != 2 || !strings.Contains(stderr, "task units are more than the 20 that profile small allows (maxUnits)") {
		t.Errorf("ephemr apply: exit code %d, %s", code, stderr)
	}
}
