package outcome

import (
	"context"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// closeJobs ends the jobs that are not over when their run ends: its capacity is
// released, so they cannot continue. rec is updated.
func closeJobs(ctx context.Context, runs *store.Runs, rec *run.Record) error {
	for i, j := range rec.Jobs {
		if j.State.Over() {
			continue
		}
		next := j
		next.EndedAt = time.Now()
		switch {
		case j.State == run.JobPending && j.Attempt > j.Base: // it waits for its next attempt
			next.State = run.JobFailed
		case j.State == run.JobRunning:
			next.State, next.Class, next.Reason = run.JobCancelled, stopClass(rec.Run), "the run ended before it: "+rec.Run.Reason
		default:
			next.State, next.Reason = run.JobSkipped, "the run ended before it could start"
		}
		if _, err := runs.ReplaceJob(ctx, rec.Run.ID, next, j.State, j.Attempt); err != nil {
			return err
		}
		rec.Jobs[i] = next
	}
	return nil
}

// stopClass is the class of a job that was running when r ended. What another job has done
// is not its own failure.
func stopClass(r run.Run) job.Class {
	if r.Class == "" || r.Class == job.ClassJob || r.Class == job.ClassData {
		return job.ClassCancelled
	}
	return r.Class
}
