package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// RequestCancel records that a run is to be cancelled and, with kill, that its
// programs get SIGKILL at once; false means that the run has ended. A queued run
// leaves its queue: it is not admitted any more, and sweep ends it if the caller does not.
func (s *Runs) RequestCancel(ctx context.Context, id, why string, kill bool) (bool, error) {
	now := time.Now()
	request := func() expression.UpdateBuilder {
		u := set(set(expression.UpdateBuilder{}, "cancel", why), "cancelAt", now)
		if kill {
			u = set(u, "kill", true)
		}
		return u
	}
	leave := set(set(request(), records.StateName, records.Unannounced), records.StateOrderName, records.TimeOrder(now, id))
	left, err := s.update(ctx, records.RunKey(id), leave, records.Is("state", run.Queued))
	if left || err != nil {
		return left, err
	}
	started := expression.Name("state").In(expression.Value(run.Admitted), expression.Value(run.Running))
	return s.update(ctx, records.RunKey(id), request(), started)
}

// Requeue queues a run that failed or was cancelled: succeeded jobs are kept, unless
// they have when: always or failure, the others run again, in a new execution on a
// new cluster. A concurrent call gets
// ConflictError or ThrottledError. So does a call before the run is settled:
// FinishRun would close the new jobs and release the new slots.
func (s *Runs) Requeue(ctx context.Context, id string, now time.Time) (run.Run, error) {
	return s.requeueRun(ctx, id, now, func(r *run.Run) error {
		r.Backfill, r.Parallel = "", 0
		return nil
	})
}

// requeueRun is Requeue of a run that change has changed before.
func (s *Runs) requeueRun(ctx context.Context, id string, now time.Time, change func(*run.Run) error) (run.Run, error) {
	rec, err := s.Load(ctx, id)
	if err != nil {
		return run.Run{}, err
	}
	r := rec.Run
	if err := retriable(rec); err != nil {
		return r, err
	}
	if err := change(&r); err != nil {
		return r, err
	}
	if err := s.resetJobs(ctx, rec); err != nil {
		return r, err
	}
	ok, err := s.requeue(ctx, &r, now)
	if err == nil && !ok {
		err = fault.New(fault.Conflict, "run %s is being retried by another caller", id)
	}
	return r, err
}

// retriable returns why a run cannot be retried, or not now.
func retriable(rec *run.Record) error {
	r := rec.Run
	switch {
	case r.State != run.Failed && r.State != run.Cancelled:
		return fault.New(fault.InvalidInput, "run %s is %s; only a FAILED or CANCELLED run can be retried", r.ID, r.State)
	case rec.Spec == nil:
		return fault.New(fault.InvalidInput, "run %s was rejected before it had a pipeline; send a new request", r.ID)
	case len(rec.Spec.Sensitive()) > 0:
		return fault.New(fault.InvalidInput, "run %s cannot be retried: the values of its sensitive params were removed when it ended; start a new run", r.ID)
	case r.Restarts >= run.MaxRestarts:
		return fault.New(fault.InvalidInput, "run %s was retried %d times, as often as possible; send a new request", r.ID, r.Restarts)
	case !r.Settled():
		return fault.New(fault.Throttled, "the end of run %s is still being recorded; try again in a moment", r.ID)
	}
	if c := leased(rec, time.Now()); c != nil {
		return fault.New(fault.Throttled, "the steps of run %s may still be running on cluster %s of pool %s, which it has not given back; try again in a few minutes", r.ID, c.ID, c.Pool)
	}
	return nil
}

// leaseEnds is how long after its end a run may still have a lease. An execution that was
// stopped cannot give it back: a sweep does, when the steps have ended.
const leaseEnds = 15 * time.Minute

// leased returns a cluster that the run shares with others and has not given back, or nil:
// another attempt of a job would run beside the one before.
func leased(rec *run.Record, now time.Time) *run.Cluster {
	for i, c := range rec.Clusters {
		if c.Restart == rec.Run.Restarts && c.Shared() && (c.State == run.ClusterCreated || c.State == run.ClusterReady) && now.Sub(rec.Run.EndedAt) < leaseEnds {
			return &rec.Clusters[i]
		}
	}
	return nil
}

// resetJobs plans the jobs again that have not succeeded, and those that clean up after
// the others. The count of attempts
// continues, so that step names stay unique.
func (s *Runs) resetJobs(ctx context.Context, rec *run.Record) error {
	for _, j := range rec.Jobs {
		if j.State == run.JobSucceeded && !rec.Spec.Conditional(j.Name) {
			continue
		}
		next := run.Job{Name: j.Name, Type: j.Type, State: run.JobPending, Attempt: j.Attempt, Base: j.Attempt, Restart: rec.Run.Restarts + 1, Earlier: j.Earlier}
		if j.State == run.JobFailed || j.State == run.JobCancelled {
			next.Earlier = append(next.Earlier, j.Past())
		}
		ok, err := s.replaceJob(ctx, rec.Run.ID, next, j.State, j.Attempt, j.Restart)
		if err == nil && !ok { // it changed after rec was read, and would not run again
			err = fault.New(fault.Throttled, "job %s of run %s changed at the same time; try again in a moment", j.Name, rec.Run.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// requeue puts r back into its team's queue, as if it had not been started.
func (s *Runs) requeue(ctx context.Context, r *run.Run, now time.Time) (bool, error) {
	before := r.Restarts
	r.State, r.Restarts, r.RequestedAt = run.Queued, before+1, now.UTC()
	u := set(set(set(set(expression.UpdateBuilder{}, "state", run.Queued), records.StateName, partition(*r)), records.StateOrderName, order(*r)), "restarts", r.Restarts)
	u = set(u, "requestedAt", r.RequestedAt)
	for _, name := range []string{"class", "reason", "cause", "endedAt", "announced", "cleared", "cancel", "cancelAt", "kill", "cleanUp", "execution", "deadline", "admittedAt", "startedAt", "hintedAt", "publication", "warned", "noticed"} {
		u = u.Remove(expression.Name(name))
	}
	r.Class, r.Reason, r.Cause, r.Cancel, r.Kill, r.CleanUp, r.Execution, r.HintedAt, r.Publication = "", "", "", "", false, time.Time{}, "", time.Time{}, nil
	cond := expression.Name("state").In(expression.Value(run.Failed), expression.Value(run.Cancelled)).And(counts("restarts", before))
	if r.Backfill != "" {
		return s.update(ctx, records.RunKey(r.ID), set(set(u, "backfill", r.Backfill), "parallel", r.Parallel), cond)
	}
	u = u.Remove(expression.Name("backfill")).Remove(expression.Name("parallel"))
	return s.update(ctx, records.RunKey(r.ID), u, cond)
}
