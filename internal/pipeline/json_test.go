package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// TestParseJSON holds that JSON is read by the same rules, with paths in the
// place of lines.
func TestParseJSON(t *testing.T) {
	t.Parallel()
	const cluster = `"pipeline": "demo", "cluster": {"profile": "small"}`
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	tests := []struct{ name, in, want string }{
		{"a need", `{` + cluster + `, "jobs": [{"name": "a", "type": "bash", "source": "a"}, {"name": "b", "type": "bash", "source": "b", "needs": ["x"]}]}`, `jobs[1].needs[0]: there is no job "x"; use one of a, b`},
		{"unknown key", `{` + cluster + `, "jobs": [{"name": "a", "type": "bash", "source": "a", "colour": 1}]}`, "jobs[0].colour: unknown key; use one of name, type"},
		{"other case", `{` + cluster + `, "Jobs": []}`, "Jobs: unknown key; did you mean jobs?"},
		{"doubled key", `{` + cluster + `, "owner": "a@b.c", "owner": "a@b.c", "jobs": [{"name": "a", "type": "bash", "source": "a"}]}`, "owner: duplicate key; remove one"},
		{"wrong kind", `{` + cluster + `, "jobs": [{"name": "a", "type": "bash", "source": "a", "retries": "2"}]}`, "jobs[0].retries: expected a number, found a string"},
		{"broken", `{"pipeline": `, "not valid JSON at byte "},
		{"two values", `{} {}`, "more than one JSON value at byte "},
		{"no table", `[]`, "contains a list instead of a pipeline"},
		{"too deep", `{"jobs": ` + deep + `}`, "too deeply nested"},
		{"empty", " \n", "empty; start with"},
		{"not UTF-8", "{\"pipeline\": \"\xff\"}", "not UTF-8"},
		{"too large", `{"pipeline": "` + strings.Repeat("x", 300_000) + `"}`, "larger than 256 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := pipeline.ParseJSON([]byte(tt.in))
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseJSON: %v, want %q", err, tt.want)
			}
			for _, e := range pipeline.Errors(err) {
				if e.Line != 0 || e.File != "" {
					t.Errorf("a position in JSON: %+v", e)
				}
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good := func() pipeline.Spec {
		return pipeline.Spec{
			Name: "demo", Cluster: pipeline.Cluster{Profile: "small"},
			Jobs: []pipeline.Job{{Name: "a", Type: job.Bash, Source: "a"}},
		}
	}
	hash := strings.Repeat("ab", 32)
	tests := []struct {
		name   string
		change func(*pipeline.Spec)
		want   string
	}{
		{name: "good", change: func(*pipeline.Spec) {}},
		{name: "a package instead of a source", change: func(s *pipeline.Spec) {
			s.Jobs[0].Source, s.Jobs[0].Package = "", &pipeline.Package{Key: "packages/" + hash + ".zip", SHA256: hash, Size: 1}
		}},
		{name: "a wrong package", change: func(s *pipeline.Spec) {
			s.Jobs[0].Package = &pipeline.Package{Key: "elsewhere/" + hash + ".zip", SHA256: hash, Size: 1}
		}, want: "jobs[0].package: reserved for ephemr apply; remove it"},
		{name: "too many jobs", change: func(s *pipeline.Spec) {
			for i := range 200 {
				s.Jobs = append(s.Jobs, pipeline.Job{Name: fmt.Sprintf("j%d", i), Type: job.Bash, Source: "a"})
			}
		}, want: "jobs: 201 jobs; a pipeline has at most 200"},
		{name: "batch", change: func(s *pipeline.Spec) {
			s.Triggers = []pipeline.Trigger{{S3: &pipeline.S3Trigger{Bucket: "raw", Batch: &pipeline.Batch{Window: -1, MaxObjects: 10001, MaxBytes: -1}}}}
		}, want: "triggers[0].s3.batch.window: -1ns is out of range; use 1s to 24h\n" +
			"triggers[0].s3.batch.maxObjects: maxObjects is 10001; use 1 to 10000\n" +
			"triggers[0].s3.batch.maxBytes: maxBytes is -1; use at least 1"},
		{name: "cost", change: func(s *pipeline.Spec) { s.Limits.Cost = "5 EUR" }, want: `limits.cost: invalid amount "5 EUR" (example: "5 USD")`},
		{name: "clean-up without a job for it", change: func(s *pipeline.Spec) { s.Limits.CleanUp = pipeline.Duration(time.Minute) }, want: `limits.cleanUp: no job has when: always or when: failure; add it to the jobs that clean up, or remove cleanUp`},
		{name: "no cost", change: func(s *pipeline.Spec) { s.Limits.Cost = "0.00 USD" }, want: `limits.cost: invalid amount "0.00 USD" (example: "5 USD")`},
		{name: "a template that is too long", change: func(s *pipeline.Spec) {
			s.Jobs[0].Args = []string{strings.Repeat("x", 11_000)}
		}, want: "jobs[0].args[0]: longer than 10240 bytes; write large values to S3 and pass their address"},
		{name: "zone", change: func(s *pipeline.Spec) { s.Jobs[0].Args = []string{"{{.Lake.rwa}}"} }, want: "jobs[0].args[0]: no .Lake.rwa; did you mean raw?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := good()
			tt.change(&s)
			if diff := cmp.Diff(tt.want, text(s.Validate(zones))); diff != "" {
				t.Errorf("Validate (-want +got):\n%s", diff)
			}
		})
	}

	s := good()
	s.Jobs[0].Args = []string{"{{.Lake.anything}}"}
	if err := s.Validate(); err != nil {
		t.Errorf("zones that are not known here: %v", err)
	}
}

// TestErrorsSurviveWrapping holds that callers can get at the positions.
func TestErrorsSurviveWrapping(t *testing.T) {
	t.Parallel()
	_, err := pipeline.Parse("x.yaml", []byte("pipeline: 1x\n"))
	e, ok := errors.AsType[*pipeline.Error](fmt.Errorf("apply: %w", err))
	if !ok {
		t.Fatalf("no *Error in %v", err)
	}
	got, merr := json.Marshal(e)
	if merr != nil {
		t.Fatal(merr)
	}
	want := `{"file":"x.yaml","line":1,"column":1,"path":"cluster.profile","message":"the cluster has no profile; add \"cluster: {profile: \u003cname\u003e}\""}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if n := len(pipeline.Errors(fmt.Errorf("apply: %w", err))); n != 3 {
		t.Errorf("%d errors, want 3: %v", n, err)
	}
	if pipeline.Errors(nil) != nil || pipeline.Errors(errors.New("x")) != nil {
		t.Error("errors out of nothing")
	}
}

func TestTooManyErrors(t *testing.T) {
	t.Parallel()
	text := "pipeline: demo\ncluster: {profile: small}\njobs:\n" + strings.Repeat("  - {}\n", 150)
	_, err := pipeline.Parse("x.yaml", []byte(text))
	all := pipeline.Errors(err)
	if len(all) != 101 || all[100].Msg != "and 350 more errors; fix the ones above first" {
		t.Errorf("%d errors, the last %v", len(all), all[len(all)-1])
	}
}
