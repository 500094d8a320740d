package outcome

import (
	"context"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// closeJobs ends the jobs that a run leaves open when something stops it: its
// cluster goes, so they will not go on. rec is brought up to date.
func closeJobs(ctx context.Context, runs *store.Runs, rec *run.Record) error {
	for i, j := range rec.Jobs {
		if j.State.Over() {
			continue
		}
		next := j
		next.EndedAt = time.Now()
		switch {
		case j.State == run.JobPending && j.Attempt > j.Base: // it was to be tried again
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

// stopClass is why a job under way was stopped.
func stopClass(r run.Run) job.Class {
	if r.Class == "" {
		return job.ClassCancelled
	}
	return r.Class
}
