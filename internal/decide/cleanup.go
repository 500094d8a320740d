package decide

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// CleansUp reports whether a run whose steps have been stopped goes on with the jobs that
// clean up: it was cancelled, but not killed, or is past its deadline, has begun a job, and
// has not cleaned up yet.
func CleansUp(rec *run.Record, now time.Time) bool {
	if rec.Spec == nil || rec.Interrupted(now) == nil || rec.Run.Kill || !rec.Run.CleanUp.IsZero() {
		return false
	}
	c := rec.Cluster()
	if c == nil || c.State != run.ClusterReady || cost.Over(rec, now) != nil {
		return false
	}
	cleaning := rec.Spec.CleaningUp()
	begun := slices.ContainsFunc(rec.Jobs, func(j run.Job) bool { return !cleaning[j.Name] && j.Attempt > j.Base })
	left := slices.ContainsFunc(rec.Jobs, func(j run.Job) bool { return cleaning[j.Name] && !j.State.Over() })
	return begun && left
}

// CleanUp records until when the run of execution may clean up, and ends the jobs that do
// not. rec is brought up to date. It can be repeated.
func CleanUp(ctx context.Context, runs *store.Runs, rec *run.Record, execution string) error {
	why := rec.Interrupted(time.Now())
	if rec.Run.State != run.Running || rec.Run.Execution != execution || rec.Spec == nil || why == nil {
		return nil
	}
	if err := begin(ctx, runs, rec); err != nil {
		return err
	}
	cleaning := rec.Spec.CleaningUp()
	for _, j := range slices.Clone(rec.Jobs) {
		if cleaning[j.Name] || j.State.Over() || j.State == run.JobRunning {
			continue
		}
		next := interrupted(j, why)
		if _, err := runs.ReplaceJob(ctx, rec.Run.ID, next, j.State, j.Attempt); err != nil {
			return err
		}
		*rec.Job(j.Name) = next
	}
	return nil
}

// begin records until when the run cleans up, once.
func begin(ctx context.Context, runs *store.Runs, rec *run.Record) error {
	if !rec.Run.CleanUp.IsZero() {
		return nil
	}
	until := time.Now().Add(cmp.Or(rec.Spec.Limits.CleanUp.Std(), pipeline.CleanUpTime)).Truncate(time.Millisecond)
	rec.Run.CleanUp = until // that of an invocation that was faster is about the same
	return runs.CleanUp(ctx, rec.Run, until)
}

// interrupted is a job that was not running when its run was interrupted.
func interrupted(j run.Job, why error) run.Job {
	next := skipped(j, "it could not start: "+why.Error(), false)
	if j.State == run.JobPending && j.Attempt > j.Base { // it waited for its next attempt
		next.State, next.Reason = run.JobFailed, j.Reason
	}
	return next
}
