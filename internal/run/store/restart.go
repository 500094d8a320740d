package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// RequestCancel notes that a run is to be cancelled, and with kill that its
// programs are not to be asked first; false says that it is over.
func (s *Runs) RequestCancel(ctx context.Context, id, why string, kill bool) (bool, error) {
	active := expression.Name("state").In(expression.Value(run.Queued), expression.Value(run.Admitted), expression.Value(run.Running))
	u := set(expression.UpdateBuilder{}, "cancel", why)
	if kill {
		u = set(u, "kill", true)
	}
	return s.update(ctx, records.RunKey(id), u, active)
}

// Requeue lets a run that failed or was cancelled go on: what has succeeded
// stays, everything else is to be done again, by a new execution and on a new
// cluster. Somebody who does the same at the same moment gets ConflictError or
// ThrottledError; so does who comes before the end is settled: whoever ended the
// run would skip the jobs that are planned anew, and give back its new slots.
func (s *Runs) Requeue(ctx context.Context, id string, now time.Time) (run.Run, error) {
	rec, err := s.Load(ctx, id)
	if err != nil {
		return run.Run{}, err
	}
	r := rec.Run
	switch {
	case r.State != run.Failed && r.State != run.Cancelled:
		return r, fault.New(fault.InvalidInput, "run %s is %s; only one that is FAILED or CANCELLED can be retried", id, r.State)
	case rec.Spec == nil:
		return r, fault.New(fault.InvalidInput, "run %s was refused before it had a pipeline; send a new request", id)
	case !r.Settled():
		return r, fault.New(fault.Throttled, "the end of run %s is still being recorded; try again in a moment", id)
	}
	if err := s.resetJobs(ctx, rec); err != nil {
		return r, err
	}
	ok, err := s.requeue(ctx, &r, now)
	if err == nil && !ok {
		err = fault.New(fault.Conflict, "run %s is being retried by somebody else", id)
	}
	return r, err
}

// resetJobs plans anew what has not succeeded; attempts go on counting, so that
// step names stay unique.
func (s *Runs) resetJobs(ctx context.Context, rec *run.Record) error {
	for _, j := range rec.Jobs {
		if j.State == run.JobSucceeded {
			continue
		}
		next := run.Job{Name: j.Name, Type: j.Type, State: run.JobPending, Attempt: j.Attempt, Base: j.Attempt, Earlier: j.Earlier}
		if j.State == run.JobFailed || j.State == run.JobCancelled {
			next.Earlier = append(next.Earlier, j.Past())
		}
		ok, err := s.ReplaceJob(ctx, rec.Run.ID, next, j.State, j.Attempt)
		if err == nil && !ok { // rec was read while it changed: nobody would try this job again
			err = fault.New(fault.Throttled, "job %s of run %s has changed just now; try again in a moment", j.Name, rec.Run.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// requeue puts r back into its team's queue, as if nothing had come of it yet.
func (s *Runs) requeue(ctx context.Context, r *run.Run, now time.Time) (bool, error) {
	before := r.Restarts
	r.State, r.Restarts, r.RequestedAt = run.Queued, before+1, now.UTC()
	u := set(set(set(set(expression.UpdateBuilder{}, "state", run.Queued), records.StateName, queueOf(r.Team)), records.StateOrderName, order(*r)), "restarts", r.Restarts)
	u = set(u, "requestedAt", r.RequestedAt)
	for _, name := range []string{"class", "reason", "endedAt", "announced", "cleared", "cancel", "kill", "execution", "deadline", "admittedAt", "startedAt"} {
		u = u.Remove(expression.Name(name))
	}
	same := expression.Name("restarts").AttributeNotExists()
	if before > 0 {
		same = records.Is("restarts", before)
	}
	r.Class, r.Reason, r.Cancel, r.Kill, r.Execution = "", "", "", false, ""
	return s.update(ctx, records.RunKey(r.ID), u, expression.Name("state").In(expression.Value(run.Failed), expression.Value(run.Cancelled)).And(same))
}

// Unqueue ends a run that has not been admitted; false says that it has.
func (s *Runs) Unqueue(ctx context.Context, id string, o run.Outcome, now time.Time) (bool, error) {
	return s.finish(ctx, id, o, now, 0, records.Is("state", run.Queued).And(expression.Name("execution").AttributeNotExists()))
}
