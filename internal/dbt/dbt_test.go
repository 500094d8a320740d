package dbt_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/dbt"
	"ephemr/internal/job"
)

func TestParseProject(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, err string }{
		"valid":      {"name: shop\nprofile: shop\nmodel-paths: [models]\n", ""},
		"no name":    {"profile: shop\n", "no name"},
		"no profile": {"name: shop\n", "no profile"},
		"profile":    {"name: shop\nprofile: 'a: b'\n", `invalid profile "a: b"`},
		"no YAML":    {"name: [\n", "not valid YAML"},
		"a list":     {"- a\n", "not valid YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dbt.ParseProject([]byte(tt.text))
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got %v, want %q", err, tt.err)
			}
		})
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	files, dir := t.TempDir(), filepath.Join(t.TempDir(), "dbt")
	if err := os.WriteFile(filepath.Join(files, "dbt_project.yml"), []byte("name: shop\nprofile: shop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := job.Spec{Entry: "dbt_project.yml", Vars: map[string]string{"schema": "shop_dev"}, Args: []string{"--select", "orders"}}
	r, err := dbt.Prepare(dir, files, s)
	if err != nil {
		t.Fatal(err)
	}
	args, err := r.Args(s)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"--no-use-colors", "--no-send-anonymous-usage-stats", "build", "--project-dir", ".", "--profiles-dir", dir,
		"--target-path", dir + "/target", "--log-path", dir + "/logs", "--vars", `{"schema":"shop_dev"}`, "--select", "orders",
	}
	if diff := cmp.Diff(want, args); diff != "" {
		t.Error(diff)
	}
	profiles, err := os.ReadFile(filepath.Join(dir, "profiles.yml")) //nolint:gosec // the test's own
	if err != nil || !strings.Contains(string(profiles), "method: session") || !strings.Contains(string(profiles), "schema: shop_dev") {
		t.Errorf("%v\n%s", err, profiles)
	}
	if _, err := os.Stat(r.Driver()); err != nil {
		t.Error(err)
	}
	if report, err := r.Results(); report != nil || err != nil {
		t.Errorf("before it ran: %v, %v", report, err)
	}
}

// A name of a schema goes into a file that dbt reads as YAML.
func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	files := t.TempDir()
	if err := os.WriteFile(filepath.Join(files, "dbt_project.yml"), []byte("name: shop\nprofile: shop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := job.Spec{Entry: "dbt_project.yml", Vars: map[string]string{"schema": "a; drop"}}
	if _, err := dbt.Prepare(filepath.Join(t.TempDir(), "dbt"), files, s); err == nil || !strings.Contains(err.Error(), "invalid schema") {
		t.Errorf("got %v", err)
	}
}

// Results of nodes as dbt records them.
const (
	model   = `{"unique_id":"model.shop.orders","status":"success","message":"OK","relation_name":"` + "`shop`.`orders`" + `","adapter_response":{"_message":"OK","rows_affected":3}}`
	holds   = `{"unique_id":"test.shop.not_null_orders_id.cf6c17daed","status":"pass","message":null,"failures":0}`
	warned  = `{"unique_id":"test.shop.few.1","status":"warn","message":"Got 1 result, configured to warn if != 0","failures":1}`
	failed  = `{"unique_id":"test.shop.unique_orders_id.fed79b3a6e","status":"fail","message":"Got 2 results, configured to fail if != 0","failures":2}`
	broken  = `{"unique_id":"model.shop.prices","status":"error","message":"Runtime Error in model prices\n  [TABLE_OR_VIEW_NOT_FOUND]","relation_name":null}`
	invalid = `{"unique_id":"model.shop.bad","status":"error","message":"Compilation Error in model bad\n  'x' is undefined"}`
	skipped = `{"unique_id":"test.shop.after.2","status":"skipped","message":null}`
	unsure  = `{"unique_id":"test.shop.sql.3","status":"error","message":"Runtime Error in test sql"}`
)

// What dbt has recorded decides the class.
func TestRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		results []string
		class   job.Class
		reason  string
	}{
		"all holds":               {[]string{model, holds}, "", ""},
		"a warning":               {[]string{model, warned}, "", ""},
		"a test failed":           {[]string{model, holds, failed, skipped}, job.ClassData, "dbt: 1 of its nodes found wrong data: test unique_orders_id: Got 2 results, configured to fail if != 0 (1 more were skipped)"},
		"a model failed":          {[]string{failed, broken, skipped}, job.ClassJob, "dbt: 1 of its nodes failed to run: model prices: Runtime Error in model prices [TABLE_OR_VIEW_NOT_FOUND] (1 more were skipped)"},
		"a test could not run":    {[]string{unsure}, job.ClassJob, "dbt: 1 of its nodes failed to run: test sql: Runtime Error in test sql"},
		"a model is not compiled": {[]string{broken, invalid}, job.ClassInvalid, "dbt: 1 of its nodes cannot be compiled: model bad: Compilation Error in model bad 'x' is undefined"},
		"only skipped":            {[]string{skipped}, job.ClassJob, "dbt skipped 1 nodes"},
		"nothing":                 {nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := dbt.Read([]byte(`{"results":[` + strings.Join(tt.results, ",") + `]}`))
			if err != nil || r.Class != tt.class || r.Reason != tt.reason || len(r.Findings) != len(tt.results) {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
}

// What dbt has recorded becomes findings and outputs.
func TestFindings(t *testing.T) {
	t.Parallel()
	r, err := dbt.Read([]byte(`{"results":[` + model + "," + failed + "]}"))
	want := &dbt.Report{
		Findings: []job.Finding{
			{Dataset: "shop.orders", Expect: "model succeeds", Found: "success", OK: true},
			{Dataset: "unique_orders_id", Expect: "test passes", Found: "fail: Got 2 results, configured to fail if != 0"},
		},
		Outputs: map[string]string{"models": "1", "tests": "1", "rows_orders": "3"},
		Class:   job.ClassData, Reason: "dbt: 1 of its nodes found wrong data: test unique_orders_id: Got 2 results, configured to fail if != 0",
	}
	if diff := cmp.Diff(want, r); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if r, err := dbt.Read([]byte(`{"results":[` + warned + "]}")); err != nil || r.Findings[0].OK || r.Findings[0].Failed() {
		t.Errorf("a warning: %+v, %v", r, err)
	}
	if _, err := dbt.Read([]byte("{")); err == nil {
		t.Error("accepts what is cut short")
	}
}

// What dbt 1.10 recorded of acceptance/cases/dbt, by make dbt.
func TestRecordedResults(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "run_results.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := dbt.Read(data)
	want := &dbt.Report{
		Findings: []job.Finding{
			{Dataset: "shop_dev.orders", Expect: "model succeeds", Found: "success", OK: true},
			{Dataset: "not_null_orders_id", Expect: "test passes", Found: "pass", OK: true},
			{Dataset: "not_null_orders_sku", Expect: "test passes", Found: "fail: Got 1 result, configured to fail if != 0"},
			{Dataset: "unique_orders_id", Expect: "test passes", Found: "pass", OK: true},
			{Dataset: "shop_dev.revenue", Expect: "model succeeds", Found: "skipped"},
		},
		Outputs: map[string]string{"models": "2", "tests": "3"},
		Class:   job.ClassData, Reason: "dbt: 1 of its nodes found wrong data: test not_null_orders_sku: Got 1 result, configured to fail if != 0 (1 more were skipped)",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
