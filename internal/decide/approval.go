package decide

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// Awaiting returns the jobs that wait for a person's decision.
func Awaiting(rec *run.Record) []*run.Job {
	var jobs []*run.Job
	for i := range rec.Jobs {
		if j := &rec.Jobs[i]; j.Awaiting() {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// Held reports whether all that the run can do is to wait for a decision: nothing is in
// flight or delayed, and no other job can start.
func Held(rec *run.Record) bool {
	if len(Awaiting(rec)) == 0 {
		return false
	}
	if slices.ContainsFunc(rec.Jobs, func(j run.Job) bool { return j.State == run.JobRunning || j.State == run.JobSubmitting }) {
		return false
	}
	return !slices.ContainsFunc(Plan(rec).Start, func(name string) bool { return !rec.Job(name).Awaiting() })
}

// Kept reports whether the run keeps its cluster while it is held.
func Kept(rec *run.Record) bool {
	return slices.ContainsFunc(Awaiting(rec), func(j *run.Job) bool { return j.Approval.Keep })
}

// approval is what is to be asked before the job starts, or nil.
func approval(rec *run.Record, j run.Job, values pipeline.Context) (*run.Approval, error) {
	a, err := rec.Spec.Approval(j.Name, values)
	if a == nil || err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	return &run.Approval{Message: a.Message, Keep: a.Keep, AskedAt: now, Until: now.Add(a.Lasts())}, nil
}

// ask records that the job waits for a decision. The first record counts.
func ask(ctx context.Context, runs *store.Runs, rec *run.Record, j *run.Job, a run.Approval) error {
	if _, err := runs.AskJob(ctx, rec.Run.ID, *j, a); err != nil {
		return err
	}
	j.Approval = &a
	return nil
}

// Expire records the jobs for which no decision came in time: they have failed.
func Expire(ctx context.Context, runs *store.Runs, rec *run.Record) error {
	for _, j := range Awaiting(rec) {
		if time.Now().Before(j.Approval.Until) {
			continue
		}
		next, a := *j, *j.Approval
		a.Decision, a.At = run.Expired, time.Now().UTC()
		next.Approval, next.State, next.Class, next.EndedAt = &a, run.JobFailed, job.ClassTimeout, time.Now()
		next.Reason = fmt.Sprintf("not approved within %s", a.Until.Sub(a.AskedAt).Round(time.Second))
		decided, err := runs.DecideJob(ctx, rec.Run.ID, next)
		if err != nil {
			return err
		}
		if decided {
			*j = next
		} // else a person was faster; the next look sees it
	}
	return nil
}
