package pipeline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
)

// Values in the SQL of checks are literals, whatever they contain.
func TestRenderSQL(t *testing.T) {
	t.Parallel()
	const hostile = `x' or 1=1 --`
	for name, tt := range map[string]struct{ sql, want string }{
		"a date":             {"select 1 from t where dt = {{.LogicalDate}}", "select 1 from t where dt = '2026-01-02'"},
		"a function":         {`select 1 from t where y = {{.LogicalTime | format "yyyy"}}`, "select 1 from t where y = '2026'"},
		"a param":            {"select 1 from t where c = {{.Params.country}}", "select 1 from t where c = 'x'' or 1=1 --'"},
		"a number":           {"select 1 from t where n > {{int .Params.n}}", "select 1 from t where n > 7"},
		"a type of a moment": {"select 1 from t where d < {{date .LogicalDate}}", "select 1 from t where d < DATE '2026-01-02'"},
		"a list":             {"select 1 from t where c in ({{list .Params.many}})", "select 1 from t where c in ('a', 'b')"},
		"output of a job":    {`select 1 from t where c = {{output "a" "key"}}`, "select 1 from t where c = 'value'"},
		"names of the stage": {"select 1 from {{.Database}}.t", "select 1 from ephemr_test.t"},
		"an address":         {"select 1 from t where \"$path\" like '{{.Lake.raw}}/x/%'", "select 1 from t where \"$path\" like 's3://raw-bucket/x/%'"},
		"twelve values":      {"select {{.RunID}}" + strings.Repeat(", {{.RunID}}", 11), "select 'r-1'" + strings.Repeat(", 'r-1'", 11)},
		"a comment":          {"-- of {{.Params.missing}}\nselect 1", "select 1"},
		"with":               {"with x as (select 1) select * from x;", "with x as (select 1) select * from x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "pipeline: p\ncluster: {profile: small}\nparams: {country: {}, n: {}, many: {}}\njobs: [{name: a, type: bash, source: a}]\nchecks:\n  - sql: |\n      " +
				strings.ReplaceAll(tt.sql, "\n", "\n      ") + "\n"
			spec, err := pipeline.Parse("p.yaml", []byte(file), pipeline.WithZones("raw"))
			if err != nil {
				t.Fatal(err)
			}
			all, err := spec.RenderSQL(pipeline.Context{
				RunID: "r-1", Pipeline: "p", Stage: "test", LogicalDate: "2026-01-02", LogicalTime: "2026-01-02T00:00:00Z", Timezone: "UTC",
				Params: map[string]string{"country": hostile, "n": "7", "many": "a,b"}, Lake: map[string]string{"raw": "s3://raw-bucket"},
				Jobs: map[string]pipeline.JobContext{"a": {Outputs: map[string]string{"key": "value"}}},
			}, "ephemr_test")
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			if diff := cmp.Diff(tt.want, all[0].SQL); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A value that is not of its type fails where it is written, and is not asked.
func TestRenderSQLInvalid(t *testing.T) {
	t.Parallel()
	const file = "pipeline: p\ncluster: {profile: small}\nparams: {n: {}}\njobs: [{name: a, type: bash, source: a}]\nchecks: [{sql: \"select 1 where n = {{int .Params.n}}\"}]\n"
	spec, err := pipeline.Parse("p.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	_, err = spec.RenderSQL(pipeline.Context{Params: map[string]string{"n": "1; drop"}}, "d")
	const want = `pipeline p: render checks[0].sql: sql:1:20: {{int .Params.n}}: "1; drop" is not a whole number like 10`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
