package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// graph reads "a b:a c:a,b" as jobs with needs.
func graph(text string) []pipeline.Job {
	var jobs []pipeline.Job
	for _, word := range strings.Fields(text) {
		name, needs, found := strings.Cut(word, ":")
		j := pipeline.Job{Name: name, Type: job.Bash}
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
