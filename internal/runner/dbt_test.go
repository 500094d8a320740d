package runner_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/proof/executable"
)

// records is a spark-submit that plays dbt: it checks what it was given, records $RESULTS
// and exits with $CODE.
const records = `#!/bin/bash
grep -q dbtRunner "$3" && [ "$2" = spark.x=1 ] || exit 90
while [ $# -gt 0 ]; do
  case $1 in
    --profiles-dir) grep -q 'schema: shop_dev' "$2/profiles.yml" || exit 91 ;;
    --target-path) target=$2 ;;
  esac
  shift
done
if [ -n "$RESULTS" ]; then mkdir "$target" && echo "$RESULTS" >"$target/run_results.json"; fi
echo own=1 >>"$EPHEMR_OUTPUT"
exit "$CODE"
`

// What dbt records is the result of the job, and decides its class.
func TestDBT(t *testing.T) {
	const holds = `{"unique_id":"model.shop.orders","status":"success","message":"OK","adapter_response":{"rows_affected":3}}`
	const failed = `{"unique_id":"test.shop.unique_id.1","status":"fail","message":"Got 2 results"}`
	for name, tt := range map[string]struct {
		results, code string
		want          job.Result
	}{
		"passes": {`{"results":[` + holds + `]}`, "0", job.Result{
			Outputs: map[string]string{"models": "1", "tests": "0", "rows_orders": "3", "own": "1"},
			Checks:  []job.Finding{{Dataset: "orders", Expect: "model succeeds", Found: "success", OK: true}},
		}},
		"a test fails": {`{"results":[` + failed + `]}`, "1", job.Result{
			ExitCode: 1, Class: job.ClassData, Reason: "dbt: 1 of its nodes found wrong data: test unique_id: Got 2 results",
			Outputs: map[string]string{"models": "0", "tests": "1", "own": "1"},
			Checks:  []job.Finding{{Dataset: "unique_id", Expect: "test passes", Found: "fail: Got 2 results"}},
		}},
		"it cannot be parsed": {"", "2", job.Result{ExitCode: 2, Class: job.ClassInvalid, Reason: "dbt build exited 2", Outputs: map[string]string{"own": "1"}}},
		"it crashes":          {"", "1", job.Result{ExitCode: 1, Class: job.ClassJob, Reason: "dbt build exited 1", Outputs: map[string]string{"own": "1"}}},
		"its results are broken": {"{", "0", job.Result{
			ExitCode: 65, Class: job.ClassData, Reason: "run_results.json of dbt is not valid: unexpected end of JSON input", Outputs: map[string]string{"own": "1"},
		}},
		"it ends while it records": {"{", "1", job.Result{ExitCode: 1, Class: job.ClassJob, Reason: "dbt build exited 1", Outputs: map[string]string{"own": "1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			bin := t.TempDir()
			if err := executable.Write(filepath.Join(bin, "spark-submit"), records); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
			b := newBench(t)
			s := b.spec(job.DBT, map[string]string{"dbt_project.yml": "name: shop\nprofile: shop\n"})
			s.Entry, s.Vars, s.Conf = "dbt_project.yml", map[string]string{"schema": "shop_dev"}, map[string]string{"spark.x": "1"}
			s.Env = map[string]string{"RESULTS": tt.results, "CODE": tt.code}
			_, res := b.run(t.Context(), s)
			if i := strings.Index(res.Reason, ": ephemr"); i > 0 {
				res.Reason = res.Reason[:i]
			}
			res.Tail = nil
			if diff := cmp.Diff(tt.want, res, sameResult); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDBTRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*job.Spec)
		want   string
	}{
		"cluster mode": {func(s *job.Spec) { s.Conf = map[string]string{"spark.submit.deployMode": "cluster"} }, "dbt runs in a driver on the primary node"},
		"schema":       {func(s *job.Spec) { s.Vars = map[string]string{"schema": "a b"} }, `invalid schema "a b" in vars`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.spec(job.DBT, map[string]string{"dbt_project.yml": "name: shop\nprofile: shop\n"})
			s.Entry = "dbt_project.yml"
			tt.change(&s)
			if _, res := b.run(t.Context(), s); res.Class != job.ClassInvalid || !strings.HasPrefix(res.Reason, tt.want) {
				t.Errorf("got %s %q, want %q", res.Class, res.Reason, tt.want)
			}
		})
	}
}

// quotes is a spark-submit that records a failure with a secret.
const quotes = `#!/bin/sh
while [ "$1" != --target-path ]; do shift; done
mkdir "$2"
echo '{"results":[{"unique_id":"model.shop.orders","status":"error","message":"Database Error: password='$TOKEN'","relation_name":"'$TOKEN'"}]}' >"$2/run_results.json"
exit 1
`

// A message that dbt records may quote a statement with a secret.
func TestFindingsOfDBTAreMasked(t *testing.T) {
	bin := t.TempDir()
	if err := executable.Write(filepath.Join(bin, "spark-submit"), quotes); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	b := newBench(t)
	withVault(b)
	s := b.spec(job.DBT, map[string]string{"dbt_project.yml": "name: shop\nprofile: shop\n"})
	s.Entry, s.Vars, s.Secrets = "dbt_project.yml", map[string]string{"schema": "shop_dev"}, from("TOKEN", "ssm:/stores/token")
	_, res := b.run(t.Context(), s)
	if len(res.Checks) != 1 || !strings.Contains(res.Checks[0].Found, "Database Error: password=") {
		t.Errorf("findings %+v, %s", res.Checks, b.stderr)
	}
	if strings.Contains(b.everything(), token) {
		t.Errorf("the secret left the runner: %s", b.everything())
	}
}
