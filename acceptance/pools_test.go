package acceptance_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// good waits for a run's end, which must be a good one.
func (w *world) good(t *testing.T, id string) *run.Record {
	t.Helper()
	rec := w.end(t, id)
	if rec.Run.State != run.Succeeded {
		t.Fatalf("run %s is %s: %s", id, rec.Run.State, rec.Run.Reason)
	}
	return rec
}

// toFirstStep is how long a run took from its request until its job began.
func toFirstStep(rec *run.Record) time.Duration {
	return rec.Jobs[0].StartedAt.Sub(rec.Run.RequestedAt)
}

// A pool's life: the first run makes a cluster and leaves it, others use it one
// after the other and at the same time, and a new profile drains it.
func TestPool(t *testing.T) {
	t.Parallel()
	shape := "pool-" + nonce
	w.profile(t, shape, "10m")
	name := "pooled-" + nonce
	file := fmt.Sprintf("pipeline: %s\ncluster: {profile: %s, pool: %s, keepAlive: 20m}\nlimits: {maxActive: 2}\n", name, shape, name) +
		"params: {meet: {default: \"\"}}\njobs:\n  - {name: work, type: bash, source: jobs/work, args: [\"{{.Params.meet}}\"], timeout: 5m}\n"
	w.apply(t, file, map[string]string{"work": `if [ -n "$1" ]; then touch "$1/$EPHEMR_RUN_ID"; until [ "$(ls "$1" | wc -l)" = 2 ]; do sleep 0.2; done; fi`})

	cold := w.good(t, w.begin(t, name))
	id := cold.Cluster().ID
	warm := w.good(t, w.begin(t, name))
	if c := warm.Cluster(); c.ID != id || !c.Leased || c.State != run.ClusterReleased {
		t.Errorf("the second run had %+v, the first left %s", c, id)
	}
	t.Logf("from request to first step: %s cold, %s warm (clusters start in 0.3 s here, in minutes on EMR)",
		toFirstStep(cold).Round(time.Millisecond), toFirstStep(warm).Round(time.Millisecond))
	if out, _, _ := w.cli(t, t.TempDir(), "show", warm.Run.ID); !strings.Contains(out, id+" leased from pool "+name+", 1 of 4 steps") || !strings.Contains(out, "first step") {
		t.Errorf("ephemr show tells nothing of the pool:\n%s", out)
	}
	w.sideBySide(t, name, id)

	w.profile(t, shape, "11m") // a new version
	if c := w.good(t, w.begin(t, name)).Cluster(); c.ID == id || c.Leased {
		t.Errorf("after the profile changed the run had %+v", c)
	}
	w.drained(t, id)
}

// sideBySide lets two runs use the cluster at once: each waits until the other is there.
func (w *world) sideBySide(t *testing.T, name, id string) {
	t.Helper()
	var ids []string
	meet := t.TempDir()
	for range 2 {
		out, stderr, code := w.cli(t, t.TempDir(), "start", name, "--param", "meet="+meet)
		if code != 0 {
			t.Fatalf("ephemr start: exit code %d\n%s%s", code, out, stderr)
		}
		ids = append(ids, strings.TrimSpace(out))
	}
	for _, one := range ids {
		rec := w.good(t, one)
		if rec.Cluster().ID != id {
			t.Errorf("run %s was on %s, not on %s", rec.Run.ID, rec.Cluster().ID, id)
		}
	}
}

// TestSubmitToCluster submits a directory to a pool, then to the very cluster
// that is there now, and gets an error for what cannot be.
func TestSubmitToCluster(t *testing.T) {
	t.Parallel()
	shape, pool := "named-"+nonce, "mine-"+nonce
	w.profile(t, shape, "10m")
	dir := project(t, map[string]string{"job/run.sh": "echo here I am"})
	submit := func(args ...string) (stdout, stderr string, code int) {
		return w.cli(t, dir, append([]string{"submit", "-d", "job", "-t", "bash", "-u", "etl"}, args...)...)
	}
	out, stderr, code := submit("--pool", pool, "--keep-alive", "20m", "--profile", shape, "-o", "json")
	var rec run.Record
	if err := json.Unmarshal([]byte(out), &rec); err != nil || code != 0 {
		t.Fatalf("submit --pool: exit code %d, %v\n%s%s", code, err, out, stderr)
	}
	id := rec.Cluster().ID
	out, stderr, code = submit("--cluster", id)
	if code != 0 || !strings.Contains(out, "here I am") || !strings.Contains(stderr, "cluster "+id+" leased from pool "+pool) {
		t.Errorf("submit --cluster: exit code %d\n%s%s", code, out, stderr)
	}
	for want, args := range map[string][]string{
		"was made from profile " + shape:                       {"--cluster", id, "--profile", "small"},
		"does not belong to a pool of this stage":              {"--cluster", "j-NOBODY"},
		"cannot be combined with --pool or --keep-alive":       {"--cluster", id, "--pool", "other"},
		"cluster.keepAlive: 1s is out of range; use 2m to 24h": {"--pool", pool, "--keep-alive", "1s"},
	} {
		if out, stderr, code := submit(args...); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("submit %v: exit code %d, want 2 and %q\n%s%s", args, code, want, out, stderr)
		}
	}
}

// profile writes a profile that is like small but for its idle timeout.
func (w *world) profile(t *testing.T, name, idle string) {
	t.Helper()
	text := `{"release": "emr-7.14.0", "applications": ["Spark"], "idleTimeout": "` + idle + `", "primary": {"types": ["m5.xlarge"], "onDemand": 1}}`
	if _, err := ssm.NewFromConfig(w.region.Config()).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(stage.ProfileParameter(w.settings.Stage, name)), Value: &text, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
	}); err != nil {
		t.Fatal(err)
	}
}

// drained lets sweep pass until a cluster is.
func (w *world) drained(t *testing.T, id string) {
	t.Helper()
	eventually(t, "the end of "+id, func() (bool, string) {
		out, err := lambda.NewFromConfig(w.region.Config()).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("ephemr-local-sweep")})
		if err != nil || out.FunctionError != nil {
			t.Fatalf("sweep: %v, %s", err, out.Payload)
		}
		d, err := w.emr.DescribeCluster(t.Context(), &emr.DescribeClusterInput{ClusterId: &id})
		if err != nil {
			t.Fatal(err)
		}
		return cluster.State(d.Cluster.Status.State) == engine.Gone, string(d.Cluster.Status.State)
	})
}
