package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// graph reads "a b:a c:a,b" as jobs with needs; "c!" is one with when: always, "c?"
// with when: failure.
func graph(text string) []pipeline.Job {
	var jobs []pipeline.Job
	for _, word := range strings.Fields(text) {
		name, needs, found := strings.Cut(word, ":")
		j := pipeline.Job{Name: strings.TrimRight(name, "!?"), Type: job.Bash}
		switch name[len(j.Name):] {
		case "!":
			j.When = pipeline.Always
		case "?":
			j.When = pipeline.OnFailure
		}
		if found {
			j.Needs = strings.Split(needs, ",")
		}
		jobs = append(jobs, j)
	}
	return jobs
}

// finer is a type of another package with a state more.
type finer string

func TestNext(t *testing.T) {
	t.Parallel()
	const diamond = "a b:a c:a d:b,c"
	tests := []struct {
		name, jobs string
		states     map[string]finer
		want       pipeline.Plan
	}{
		{name: "no jobs", want: pipeline.Plan{Done: true}},
		{name: "the first", jobs: diamond, want: pipeline.Plan{Start: []string{"a"}}},
		{name: "wait", jobs: diamond, states: map[string]finer{"a": "RUNNING"}},
		{name: "an unknown state is under way", jobs: diamond, states: map[string]finer{"a": "SUBMITTING"}},
		{name: "side by side", jobs: diamond, states: map[string]finer{"a": "SUCCEEDED"}, want: pipeline.Plan{Start: []string{"b", "c"}}},
		{name: "try again", jobs: diamond, states: map[string]finer{"a": "SUCCEEDED", "b": "PENDING", "c": "RUNNING"}, want: pipeline.Plan{Start: []string{"b"}}},
		{name: "join waits for all", jobs: diamond, states: map[string]finer{"a": "SUCCEEDED", "b": "SUCCEEDED", "c": "RUNNING"}},
		{name: "join", jobs: diamond, states: map[string]finer{"a": "SUCCEEDED", "b": "SUCCEEDED", "c": "SUCCEEDED"}, want: pipeline.Plan{Start: []string{"d"}}},
		{name: "over", jobs: "a", states: map[string]finer{"a": "SUCCEEDED"}, want: pipeline.Plan{Done: true}},
		{name: "skip what is downstream, at once and in file order", jobs: "d:c c:b b:a a", states: map[string]finer{"a": "FAILED"}, want: pipeline.Plan{Skip: []string{"d", "c", "b"}, Done: true}},
		{name: "the others go on", jobs: "a b:a x y:x", states: map[string]finer{"a": "FAILED", "x": "SUCCEEDED"}, want: pipeline.Plan{Start: []string{"y"}, Skip: []string{"b"}}},
		{name: "skip early, while another need runs", jobs: "a b c:a,b", states: map[string]finer{"a": "CANCELLED", "b": "RUNNING"}, want: pipeline.Plan{Skip: []string{"c"}}},
		{name: "always, after a success", jobs: "a c!:a", states: map[string]finer{"a": "SUCCEEDED"}, want: pipeline.Plan{Start: []string{"c"}}},
		{name: "always, after a failure", jobs: "a c!:a", states: map[string]finer{"a": "FAILED"}, want: pipeline.Plan{Start: []string{"c"}}},
		{name: "always, with what is skipped now", jobs: "c!:b a b:a", states: map[string]finer{"a": "FAILED"}, want: pipeline.Plan{Start: []string{"c"}, Skip: []string{"b"}}},
		{name: "always waits for all above", jobs: "a x b:a,x c!:b", states: map[string]finer{"a": "FAILED", "b": "SKIPPED", "x": "RUNNING"}},
		{name: "always waits for what it needs", jobs: "a c!:a", states: map[string]finer{"a": "SUBMITTING"}},
		{name: "always, over", jobs: "a c!:a", states: map[string]finer{"a": "FAILED", "c": "SUCCEEDED"}, want: pipeline.Plan{Done: true}},
		{name: "on failure, after a success", jobs: "a c?:a", states: map[string]finer{"a": "SUCCEEDED"}, want: pipeline.Plan{Skip: []string{"c"}, Done: true}},
		{name: "on failure, after a failure", jobs: "a c?:a", states: map[string]finer{"a": "FAILED"}, want: pipeline.Plan{Start: []string{"c"}}},
		{name: "on failure, after a cancellation", jobs: "a c?:a", states: map[string]finer{"a": "CANCELLED"}, want: pipeline.Plan{Start: []string{"c"}}},
		{name: "on failure further up", jobs: "a b:a c?:b", states: map[string]finer{"a": "FAILED"}, want: pipeline.Plan{Start: []string{"c"}, Skip: []string{"b"}}},
		{name: "on failure of one of two", jobs: "a b c?:a,b", states: map[string]finer{"a": "FAILED", "b": "RUNNING"}},
		{name: "on failure, what was skipped by a condition did not fail", jobs: "a c?:a", states: map[string]finer{"a": "SKIPPED"}, want: pipeline.Plan{Skip: []string{"c"}, Done: true}},
		{name: "after a compensation", jobs: "a c?:a d:c", states: map[string]finer{"a": "SUCCEEDED"}, want: pipeline.Plan{Skip: []string{"c", "d"}, Done: true}},
		{name: "after a clean-up that failed", jobs: "a c!:a d:c", states: map[string]finer{"a": "SUCCEEDED", "c": "FAILED"}, want: pipeline.Plan{Skip: []string{"d"}, Done: true}},
		{name: "downstream of a skipped one", jobs: "a b:a c:b", states: map[string]finer{"a": "FAILED", "b": "SKIPPED"}, want: pipeline.Plan{Skip: []string{"c"}, Done: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, pipeline.Next(graph(tt.jobs), tt.states)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAllJobs(t *testing.T) {
	t.Parallel()
	s := pipeline.Spec{Jobs: graph("a b:a c:a d")}
	if got := s.AllJobs(); len(got) != 4 {
		t.Errorf("without checks: %v", got)
	}
	s.Checks = []job.Check{{Dataset: "s3://lake/x/"}}
	got := s.AllJobs()
	want := pipeline.Job{Name: pipeline.ChecksJob, Type: job.Quality, Needs: []string{"b", "c", "d"}}
	if diff := cmp.Diff(want, got[len(got)-1]); diff != "" {
		t.Errorf("the last job (-want +got):\n%s", diff)
	}
	if len(s.Jobs) != 4 {
		t.Error("AllJobs changed the pipeline")
	}
	j, err := s.RenderJob("a", pipeline.Context{})
	if err != nil || j.Name != "a" {
		t.Errorf("RenderJob: %v, %v", j, err)
	}

	plan := pipeline.Next(got, map[string]pipeline.JobState{"a": "FAILED", "b": "SKIPPED", "c": "SKIPPED", "d": "SUCCEEDED"})
	if diff := cmp.Diff(pipeline.Plan{Skip: []string{"checks"}, Done: true}, plan); diff != "" {
		t.Errorf("checks after a failure (-want +got):\n%s", diff)
	}
}

// Needs that the file leaves out.
func TestNeedsOfConditionalJobs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, jobs string
		checks     bool
		want       string
	}{
		{name: "after everything", jobs: "c! a b:a x", want: "c:b,x a b:a x"},
		{name: "after the checks", jobs: "a b:a c! d?", checks: true, want: "a b:a c:checks d:checks checks:b"},
		{name: "after compensations with needs", jobs: "a u?:a c!", want: "a u:a c:u"},
		{name: "what needs a clean-up follows it", jobs: "a c! d:c", checks: true, want: "a c:checks d:c checks:a"},
		{name: "clean-ups with needs are left alone", jobs: "a c!:a b:a", want: "a c:a b:a"},
		{name: "checks do not wait for compensations", jobs: "a u?:a v:u c!:a", checks: true, want: "a u:a v:u c:a checks:a"},
		{name: "checks wait for what follows a clean-up", jobs: "a c!:a b:c", checks: true, want: "a c:a b:c checks:a,b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := pipeline.Spec{Jobs: graph(tt.jobs)}
			if tt.checks {
				s.Checks = []job.Check{{Dataset: "s3://lake/x/"}}
			}
			var got []string
			for _, j := range s.AllJobs() {
				word := j.Name
				if len(j.Needs) > 0 {
					word += ":" + strings.Join(j.Needs, ",")
				}
				got = append(got, word)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
		})
	}
}

// Data is checked unless something failed, also when a condition left out a part.
func TestChecksAfterConditions(t *testing.T) {
	t.Parallel()
	jobs := pipeline.Spec{Jobs: graph("a b c!"), Checks: []job.Check{{Dataset: "s3://lake/x/"}}}.AllJobs()
	for name, tt := range map[string]struct {
		states map[string]finer
		want   pipeline.Plan
	}{
		"a part left out": {map[string]finer{"a": "SUCCEEDED", "b": "SKIPPED"}, pipeline.Plan{Start: []string{"checks"}}},
		"all left out":    {map[string]finer{"a": "SKIPPED", "b": "SKIPPED"}, pipeline.Plan{Start: []string{"c"}, Skip: []string{"checks"}}},
		"one failed":      {map[string]finer{"a": "SUCCEEDED", "b": "FAILED"}, pipeline.Plan{Start: []string{"c"}, Skip: []string{"checks"}}},
		"checks failed":   {map[string]finer{"a": "SUCCEEDED", "b": "SUCCEEDED", "checks": "FAILED"}, pipeline.Plan{Start: []string{"c"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, pipeline.Next(jobs, tt.states)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMaxParallel(t *testing.T) {
	t.Parallel()
	var wide []string
	for i := range 300 {
		wide = append(wide, fmt.Sprintf("j%d", i))
	}
	tests := []struct {
		name, jobs string
		want       int
	}{
		{"no jobs", "", 1},
		{"one", "a", 1},
		{"a chain", "a b:a c:b", 1},
		{"a diamond", "a b:a c:a d:b,c", 2},
		{"two chains", "a b:a x y:x", 2},
		{"wide in the middle, not by levels", "a b:a x y:x z:x w:y", 3},
		{"a level hides it", "a b:a c:b d:a e:a", 3},
		{"a clean-up after everything", "a b c!", 2},
		{"a clean-up of a part", "a b:a c!:a", 2},
		{"EMR's limit", strings.Join(wide, " "), 256},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := pipeline.Spec{Jobs: graph(tt.jobs)}
			if got := s.MaxParallel(); got != tt.want {
				t.Errorf("MaxParallel: %d, want %d", got, tt.want)
			}
			s.Cluster.StepConcurrency = 7
			if got := s.StepConcurrency(); got != 7 {
				t.Errorf("StepConcurrency: %d, want 7", got)
			}
		})
	}
}
