package outcome_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/outcome"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

func TestOfRun(t *testing.T) {
	t.Parallel()
	jobs := func(states ...run.JobState) (out []run.Job) {
		for _, s := range states {
			out = append(out, run.Job{Name: "a", State: s})
		}
		return out
	}
	idle := run.Job{Name: "a", State: run.JobSucceeded, NothingToDo: true}
	checks := run.Job{Name: "checks", Type: job.Quality, State: run.JobSucceeded}
	with := func(j run.Job, class job.Class) []run.Job {
		j.Class, j.Reason = class, "why"
		return []run.Job{j}
	}
	dead := func(class job.Class, id string) []run.Cluster {
		return []run.Cluster{{Attempt: 1, Name: "r.1", ID: id, State: run.ClusterFailed, Class: class, Reason: "why"}}
	}
	err := func(name, cause string) *outcome.StateError { return &outcome.StateError{Error: name, Cause: cause} }
	cleaning := &pipeline.Spec{Jobs: []pipeline.Job{{Name: "c", When: pipeline.Always}, {Name: "a"}}}
	for _, tt := range []struct {
		name     string
		spec     *pipeline.Spec
		jobs     []run.Job
		clusters []run.Cluster
		err      *outcome.StateError
		want     run.Outcome
	}{
		{name: "all succeeded", jobs: jobs(run.JobSucceeded, run.JobSucceeded), want: run.Outcome{State: run.Succeeded}},
		{name: "no job had work to do", jobs: []run.Job{idle, idle}, want: run.Outcome{State: run.Succeeded, NothingToDo: true}},
		{name: "only the checks looked", jobs: []run.Job{idle, checks}, want: run.Outcome{State: run.Succeeded, NothingToDo: true}},
		{name: "nothing but checks", jobs: []run.Job{checks}, want: run.Outcome{State: run.Succeeded}},
		{name: "one job had work to do", jobs: append(jobs(run.JobSucceeded), idle), want: run.Outcome{State: run.Succeeded}},
		{name: "nothing to do, and a failure", jobs: []run.Job{idle, {Name: "b", State: run.JobFailed, Class: job.ClassJob, Reason: "why"}}, want: run.Outcome{State: run.Failed, Class: job.ClassJob, Reason: "job b: why"}},
		{name: "a job was not needed", jobs: append(jobs(run.JobSucceeded), run.Job{Name: "b", State: run.JobSkipped, Unneeded: true}), want: run.Outcome{State: run.Succeeded}},
		{name: "no job was needed", jobs: []run.Job{{Name: "a", State: run.JobSkipped, Unneeded: true}}, want: run.Outcome{State: run.Succeeded, NothingToDo: true}},
		{name: "nothing to do but to clean up", spec: cleaning, jobs: []run.Job{{Name: "c", State: run.JobSucceeded}, idle}, want: run.Outcome{State: run.Succeeded, NothingToDo: true}},
		{name: "only the clean-up failed", spec: cleaning, jobs: []run.Job{{Name: "c", State: run.JobFailed, Class: job.ClassJob, Reason: "why"}, {Name: "a", State: run.JobSucceeded}}, want: run.Outcome{State: run.Failed, Class: job.ClassJob, Reason: "job c: why"}},
		{name: "a failure, then the clean-up's", spec: cleaning, jobs: []run.Job{{Name: "c", State: run.JobFailed, Class: job.ClassJob, Reason: "late"}, {Name: "a", State: run.JobFailed, Class: job.ClassData, Reason: "why"}}, want: run.Outcome{State: run.Failed, Class: job.ClassData, Reason: "job a: why"}},
		{name: "a failure, cleaned up", spec: cleaning, jobs: []run.Job{{Name: "c", State: run.JobSucceeded}, {Name: "a", State: run.JobFailed, Class: job.ClassData, Reason: "why"}}, want: run.Outcome{State: run.Failed, Class: job.ClassData, Reason: "job a: why"}},
		{name: "all succeeded, then an error", jobs: jobs(run.JobSucceeded), err: err("InternalError", "x"), want: run.Outcome{State: run.Succeeded}},
		{name: "a job failed", jobs: with(run.Job{Name: "a", State: run.JobFailed}, job.ClassData), want: run.Outcome{State: run.Failed, Class: job.ClassData, Reason: "job a: why"}},
		{name: "a job was cancelled", jobs: with(run.Job{Name: "a", State: run.JobCancelled}, job.ClassCancelled), want: run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: "job a: why"}},
		{name: "no capacity", jobs: jobs(run.JobPending), clusters: dead(job.ClassCapacity, "j-1"), err: err("JobFailedError", "x"), want: run.Outcome{State: run.Failed, Class: job.ClassCapacity, Reason: "cluster j-1: why"}},
		{name: "refused by EMR", jobs: jobs(run.JobPending), clusters: dead(job.ClassInvalid, ""), err: err("InvalidInputError", "x"), want: run.Outcome{State: run.Failed, Class: job.ClassInvalid, Reason: "cluster r.1: why"}},
		{name: "cluster terminated by a user", jobs: jobs(run.JobPending), clusters: dead(job.ClassCancelled, "j-1"), want: run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: "cluster j-1: why"}},
		{name: "nothing at all", want: run.Outcome{State: run.Failed, Class: job.ClassInternal, Reason: "the execution ended with jobs left"}},
		{name: "jobs left", jobs: jobs(run.JobSucceeded, run.JobPending), want: run.Outcome{State: run.Failed, Class: job.ClassInternal, Reason: "the execution ended with jobs left"}},
		{name: "deadline", jobs: jobs(run.JobRunning), err: err("TimeoutError", "late"), want: run.Outcome{State: run.Failed, Class: job.ClassTimeout, Reason: "late"}},
		{name: "States.Timeout", jobs: jobs(run.JobRunning), err: err("States.Timeout", ""), want: run.Outcome{State: run.Failed, Class: job.ClassTimeout, Reason: "States.Timeout"}},
		{name: "function's timeout", err: err("Sandbox.Timedout", "x"), want: run.Outcome{State: run.Failed, Class: job.ClassTimeout, Reason: "x"}},
		{name: "throttled to the end", err: err("ThrottledError", "x"), want: run.Outcome{State: run.Failed, Class: job.ClassQuota, Reason: "x"}},
		{name: "invalid", err: err("InvalidInputError", `{"errorMessage":"bad","errorType":"InvalidInputError"}`), want: run.Outcome{State: run.Failed, Class: job.ClassInvalid, Reason: "bad"}},
		{name: "stopped", jobs: jobs(run.JobRunning), err: err("CancelledError", "x"), want: run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: "x"}},
		{name: "capacity", err: err("CapacityError", "x"), want: run.Outcome{State: run.Failed, Class: job.ClassCapacity, Reason: "x"}},
		{name: "nothing to publish", err: err("DataError", "x"), want: run.Outcome{State: run.Failed, Class: job.ClassData, Reason: "x"}},
		{name: "anything else", err: err("Runtime.ExitError", "x"), want: run.Outcome{State: run.Failed, Class: job.ClassInternal, Reason: "x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := outcome.OfRun(&run.Record{Spec: tt.spec, Jobs: tt.jobs, Clusters: tt.clusters}, tt.err)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A run that cleaned up because it was interrupted keeps the reason, and names a clean-up that failed.
func TestOfRunThatCleanedUp(t *testing.T) {
	t.Parallel()
	spec := &pipeline.Spec{Jobs: []pipeline.Job{{Name: "c", When: pipeline.Always}, {Name: "a"}}}
	failed := run.Job{Name: "c", State: run.JobFailed, Class: job.ClassJob, Reason: "exited 1"}
	stopped := run.Job{Name: "a", State: run.JobCancelled, Class: job.ClassCancelled}
	due := time.Date(2026, time.November, 30, 3, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		cancel string
		clean  run.Job
		want   run.Outcome
	}{
		{"cancelled", "by me", run.Job{Name: "c", State: run.JobSucceeded}, run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: "by me"}},
		{"cancelled, and the clean-up fails", "by me", failed, run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: "by me; its clean-up failed: job c: exited 1"}},
		{"past its deadline", "", run.Job{Name: "c", State: run.JobSucceeded}, run.Outcome{State: run.Failed, Class: job.ClassTimeout, Reason: "run r was past its deadline 2026-11-30T03:00:00Z"}},
		{"past its deadline, and the clean-up fails", "", failed, run.Outcome{State: run.Failed, Class: job.ClassTimeout, Reason: "run r was past its deadline 2026-11-30T03:00:00Z; its clean-up failed: job c: exited 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := run.Run{ID: "r", Cancel: tt.cancel, Deadline: due, CleanUp: due.Add(10 * time.Minute)}
			// The error of the clean-up has replaced that of the deadline.
			got := outcome.OfRun(&run.Record{Run: r, Spec: spec, Jobs: []run.Job{tt.clean, stopped}}, &outcome.StateError{Error: "InternalError", Cause: "x"})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
