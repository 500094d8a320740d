package pipeline_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

var context = pipeline.Context{
	RunID: "demo-20261130T0300-0a1b2c3d", Pipeline: "demo", Stage: "local",
	LogicalDate: "2026-11-30", LogicalTime: "2026-11-30T03:00:00Z",
	Params:  map[string]string{"country": "pt", "empty": "", "nul": "a\x00b", "long": strings.Repeat("x", 10_000)},
	Trigger: map[string]string{"Kind": "s3", "Bucket": "raw", "Key": "in coming/ä+b %2B&<x>'\".csv", "Object": "s3://raw/in coming/ä+b %2B&<x>'\".csv"},
	Lake:    map[string]string{"raw": "s3://acme-raw"},
	Jobs:    map[string]pipeline.JobContext{"clean-up": {Outputs: map[string]string{"rows": "412"}}, "quiet": {}, "lost": {State: pipeline.Failed}},
}

// one returns a pipeline of one job with one arg.
func one(arg string) pipeline.Spec {
	return pipeline.Spec{Name: "demo", Jobs: []pipeline.Job{{Name: "a", Type: job.Bash, Source: "a", Args: []string{arg}}}}
}

func TestRenderJobValues(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, arg, want string }{
		{"plain text", "a b", "a b"},
		{"braces that are no template", "${x} {y}", "${x} {y}"},
		{"fields", "{{.RunID}} {{.Stage}}", "demo-20261130T0300-0a1b2c3d local"},
		{"a key comes through unchanged", "{{.Trigger.Object}}", "s3://raw/in coming/ä+b %2B&<x>'\".csv"},
		{"newlines stay", "a\n{{.Stage}}\n", "a\nlocal\n"},
		{"lake", "{{.Lake.raw}}/x", "s3://acme-raw/x"},
		{"date", `{{date "2006/01/02" .LogicalTime}} {{date "20060102" .LogicalDate}}`, "2026/11/30 20261130"},
		{"a day before", `{{addDays -1 .LogicalDate}} {{.LogicalTime | addDays 1}}`, "2026-11-29 2026-12-01T03:00:00Z"},
		{"output", `{{output "clean-up" "rows"}}`, "412"},
		{"output by index", `{{index .Jobs "clean-up" "Outputs" "rows"}}`, "412"},
		{"state of a job", `{{.Jobs.quiet.State}} {{.Jobs.lost.State}} {{index .Jobs.lost.Outputs "rows" | default "0"}}`, "SUCCEEDED FAILED 0"},
		{"default for an output that is not there", `{{index .Jobs.quiet.Outputs "rows" | default "0"}} {{index .Jobs "clean-up" "Outputs" "x" | default "-"}}`, "0 -"},
		{"default for what is missing", `{{index .Trigger "RequestID" | default "none"}}`, "none"},
		{"default for what is empty", `{{default "x" .Params.empty}}`, "x"},
		{"texts", `{{base .Trigger.Key | trimSuffix ".csv" | replace "+" "-" | upper}}`, "Ä-B %2B&<X>'\""},
		{"condition", `{{if and (eq .Params.country "pt") (gt (len .Stage) 2)}}yes{{else}}no{{end}}`, "yes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j, err := one(tt.arg).RenderJob("a", context)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.want}, j.Args); diff != "" {
				t.Errorf("args (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRenderJobFaults(t *testing.T) {
	t.Parallel()
	const at = "pipeline demo: render jobs[a].args[0]: "
	tests := []struct{ name, arg, want string }{
		{"missing entry", "{{.Trigger.RequestID}}", `{{.Trigger.RequestID}}: this run's trigger has no RequestID; where it may be missing, write {{index .Trigger "RequestID" | default "…"}}`},
		{"missing param", "{{.Params.x}}", `{{.Params.x}}: this run has no x; correct the name or pass a value`},
		{"output of a job that failed", `{{output "lost" "rows"}}`, `job "lost" is FAILED and has no outputs; where it may not have succeeded, write {{index .Jobs "lost" "Outputs" "rows" | default "…"}}`},
		{"missing output", `{{.Jobs.quiet.Outputs.rows}}`, "rows does not exist; the job must write it"},
		{"unknown job", `{{output "x" "y"}}`, `job "x" has not succeeded`},
		{"unknown output", `{{output "quiet" "y"}}`, `job "quiet" has no output "y"; let it write y=…`},
		{"NUL", "{{.Params.nul}}", "contains a NUL character"},
		{"too long", "{{.Params.long}}{{.Params.long}}", "longer than 10240 bytes"},
		{"doubling", `{{$a := printf "%s" .Params.long}}{{$b := printf "%s%s" $a $a}}`, "longer than 10240 bytes"},
		{"wide", `{{printf "%1000000d" 1}}`, "longer than 10240 bytes"},
		{"replace grows", `{{replace "x" "yyyy" .Params.long}}`, "longer than 10240 bytes"},
		{"replace nothing", `{{replace "" "y" "z"}}`, "the text to replace is empty"},
		{"no date", `{{date "2006" .Stage}}`, `invalid date or time "local"`},
		{"far away", `{{addDays 1000000 .LogicalDate}}`, "out of range"},
		{"a method", `{{.LogicalDate.Year}}`, "can't evaluate field Year"},
		{"call", `{{call .RunID}}`, "call"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := one(tt.arg).RenderJob("a", context)
			if err == nil || !strings.HasPrefix(err.Error(), at) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("RenderJob:\n%v\nwant %s… %s", err, at, tt.want)
			}
		})
	}
}

// TestRenderJobFields fills in every field, reports every fault, and leaves the
// pipeline as it was.
func TestRenderJobFields(t *testing.T) {
	t.Parallel()
	s := pipeline.Spec{Name: "demo", Jobs: []pipeline.Job{{
		Name: "a", Type: job.Hive, Needs: []string{"b"},
		Args: []string{"{{.Stage}}"},
		Vars: map[string]string{"v": "{{.Stage}}"},
		Conf: map[string]string{"hive.x": "{{.Stage}}"},
		Env:  map[string]string{"E": "{{.Stage}}"},
	}}}
	before := s.Jobs[0].Vars["v"]
	j, err := s.RenderJob("a", context)
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Concat(j.Args, slices.Collect(maps.Values(j.Vars)), slices.Collect(maps.Values(j.Conf)), slices.Collect(maps.Values(j.Env)))
	if diff := cmp.Diff([]string{"local", "local", "local", "local"}, got); diff != "" {
		t.Errorf("filled in (-want +got):\n%s", diff)
	}
	if s.Jobs[0].Args[0] != before || s.Jobs[0].Vars["v"] != before {
		t.Error("the pipeline has changed")
	}

	_, err = s.RenderJob("a", pipeline.Context{})
	if err != nil {
		t.Errorf("empty context: %v", err) // Stage is there, if empty
	}
	if _, err := s.RenderJob("c", context); err == nil || err.Error() != "pipeline demo: render jobs[c]: no such job" {
		t.Errorf("unknown job: %v", err)
	}

	s.Jobs[0].Vars["v"], s.Jobs[0].Conf["hive.x"] = "{{.Params.a}}", "{{.Params.b}}"
	_, err = s.RenderJob("a", context)
	if err == nil || !strings.Contains(err.Error(), "jobs[a].vars.v: ") || !strings.Contains(err.Error(), `jobs[a].conf["hive.x"]: `) {
		t.Errorf("two faults: %v", err)
	}
}

// What a job expects is named as such when it is wrong, without sensitive values.
func TestRenderExpect(t *testing.T) {
	t.Parallel()
	const at = "pipeline demo: render jobs[a].expect[0]: "
	c := context
	c.Params = map[string]string{"token": "pa$$\"word", "none": ""}
	c.Secrets = map[string]string{"token": "pa$$\"word"}
	for name, tt := range map[string]struct{ expect, want string }{
		"empty":                    {"{{.Params.none}}", "the expected output has no dataset; add its address (example: s3://bucket/prefix/)"},
		"a sensitive value":        {"{{.Params.token}}", `invalid dataset "***" (example: s3://bucket/prefix/)`},
		"a sensitive value inside": {"{{.Lake.raw}}x_/{{.Params.token}}/", `invalid dataset "s3://acme-rawx_/***/" (example: s3://bucket/prefix/)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := one("x")
			s.Jobs[0].Expect = []string{tt.expect}
			if _, err := s.RenderJob("a", c); err == nil || err.Error() != at+tt.want {
				t.Errorf("got %v, want %s%s", err, at, tt.want)
			}
		})
	}
}

func TestRenderChecks(t *testing.T) {
	t.Parallel()
	s := pipeline.Spec{Name: "demo", Checks: []job.Check{{
		Dataset: "{{.Lake.raw}}/dt={{.LogicalDate}}/", Rows: `>= {{output "clean-up" "rows"}}`, Freshness: "{{len .Stage}}h",
		Unique: []string{"id"},
	}}}
	got, err := s.RenderChecks(context)
	if err != nil {
		t.Fatal(err)
	}
	want := []job.Check{{Dataset: "s3://acme-raw/dt=2026-11-30/", Rows: ">= 412", Freshness: "5h", Unique: []string{"id"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(s.Checks[0].Dataset, "{{") {
		t.Error("the pipeline has changed")
	}

	s.Checks = append(s.Checks, job.Check{Dataset: "{{.Stage}}/x", Rows: "{{.Stage}}"}, job.Check{Dataset: "{{.Params.x}}"})
	_, err = s.RenderChecks(context)
	for _, want := range []string{"render checks[1].dataset: invalid dataset \"local/x\"", "render checks[1].rows: ", "render checks[2].dataset: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("RenderChecks: %v, want %q", err, want)
		}
	}
}

// TestCheckValues reports every value that cannot be filled in before the run
// begins, and leaves those that wait for a job's output.
func TestCheckValues(t *testing.T) {
	t.Parallel()
	s := typed(`{{output "a" "rows"}} {{.Trigger.Nothing}}`)
	s.Jobs[0].Args = []string{"{{.Trigger.RequestID}}", "{{index .Trigger \"RequestID\"}}", "{{if eq .Params.free \"x\"}}{{date .Params.free .LogicalDate}}{{end}}"}
	s.Jobs[0].Env = map[string]string{"N": "{{addDays (int .Params.free) .LogicalDate}}"}
	s.Checks = []job.Check{{Dataset: "{{.Trigger.VersionID}}", Rows: `{{.Jobs.a.Outputs.rows}}`}}
	values := context
	values.Params = map[string]string{"free": "x"}
	values.Jobs = nil
	err := s.CheckValues(values)
	for _, want := range []string{"render jobs[a].args[0]: ", "render jobs[a].args[2]: ", "render jobs[a].env.N: ", "render checks[0].dataset: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	if n := len(strings.Split(err.Error(), "\n")); n != 4 {
		t.Errorf("%d faults: %v", n, err)
	}
	if s.Jobs[0].Args[1] != "{{index .Trigger \"RequestID\"}}" {
		t.Error("the pipeline has changed")
	}
}
