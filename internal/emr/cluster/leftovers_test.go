package cluster_test

import (
	"testing"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/run"
)

// A runner that has recorded a result has ended what its job had started; any other
// may have left it on the cluster.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	code := func(n int) *int { return &n }
	for name, tt := range map[string]struct {
		jobs     []run.Job
		restarts int
		want     bool
	}{
		"no job began":                     {jobs: []run.Job{{State: run.JobPending}}},
		"success":                          {jobs: []run.Job{{State: run.JobSucceeded, ClusterID: "j-1", ExitCode: code(0)}}},
		"failure":                          {jobs: []run.Job{{State: run.JobFailed, ClusterID: "j-1", ExitCode: code(3)}}},
		"interrupted":                      {jobs: []run.Job{{State: run.JobCancelled, ClusterID: "j-1", ExitCode: code(143)}}},
		"killed":                           {jobs: []run.Job{{State: run.JobCancelled, ClusterID: "j-1"}}, want: true},
		"lost":                             {jobs: []run.Job{{State: run.JobFailed, ClusterID: "j-1"}}, want: true},
		"one of two was killed":            {jobs: []run.Job{{State: run.JobSucceeded, ClusterID: "j-1", ExitCode: code(0)}, {State: run.JobFailed, ClusterID: "j-1"}}, want: true},
		"killed on another cluster":        {jobs: []run.Job{{State: run.JobFailed, ClusterID: "j-2"}}},
		"killed, and to be repeated":       {jobs: []run.Job{{State: run.JobPending, ClusterID: "j-1", Attempt: 1}}, want: true},
		"its end was never recorded":       {jobs: []run.Job{{State: run.JobRunning, ClusterID: "j-1", ExitCode: code(1)}}, want: true},
		"of before a retry, records reset": {jobs: []run.Job{{State: run.JobPending}}, restarts: 1, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := &run.Record{Run: run.Run{Restarts: tt.restarts}, Jobs: tt.jobs}
			if got := cluster.Leftovers(t.Context(), rec, run.Cluster{ID: "j-1"}); got != tt.want {
				t.Errorf("%t", got)
			}
		})
	}
}
