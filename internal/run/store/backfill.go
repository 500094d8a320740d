package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// RequeueFor is Requeue for a backfill, in whose queue the run waits. A run that the
// backfill has retried before is left alone.
func (s *Runs) RequeueFor(ctx context.Context, id, backfill string, parallel int, now time.Time) error {
	_, err := s.requeueRun(ctx, id, now, func(r *run.Run) error {
		if r.Backfill == backfill {
			return fault.New(fault.Conflict, "run %s was retried by backfill %s before", id, backfill)
		}
		r.Backfill, r.Parallel = backfill, parallel
		return nil
	})
	return err
}

// Withdraw cancels a run that has never been started, without an announcement: its
// backfill was cancelled, and thousands wait with it.
func (s *Runs) Withdraw(ctx context.Context, r run.Run, why string, now time.Time) error {
	u := set(set(set(set(expression.UpdateBuilder{}, "state", run.Cancelled), records.StateName, run.Cancelled), records.StateOrderName, records.TimeOrder(now, r.ID)), "endedAt", now)
	u = set(set(set(set(u, "class", job.ClassCancelled), "reason", why), "announced", true), "cancel", why)
	u = u.Remove(expression.Name("secrets"))
	_, err := s.update(ctx, records.RunKey(r.ID), u, records.Is("state", run.Queued).And(counts("restarts", 0)))
	return err
}
