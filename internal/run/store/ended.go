package store

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Ended visits the runs that ended from a time until, and without, another. It reads
// those only. A run whose end is being announced may be visited twice. The index is
// eventually consistent.
func (s *Runs) Ended(ctx context.Context, from, until time.Time, visit func(run.Run) error) error {
	for _, state := range []run.State{records.Unannounced, run.Succeeded, run.Failed, run.Cancelled} {
		in := s.inState(string(state))
		in.KeyConditionExpression = new(*in.KeyConditionExpression + " AND " + records.StateOrderName + " BETWEEN :from AND :until")
		in.ExpressionAttributeValues[":from"] = records.String(records.TimeOrder(from, ""))
		in.ExpressionAttributeValues[":until"] = records.String(records.TimeOrder(until, ""))
		err := s.visit(ctx, in, func(r run.Run) error {
			if !r.State.Final() {
				return nil
			}
			return visit(r)
		})
		if err != nil {
			return fmt.Errorf("list runs that have ended: %w", err)
		}
	}
	return nil
}

// Since visits the runs that have not ended, or did after a time: those that were requested or have published since are
// among them. A run may be visited twice. The index is eventually consistent.
func (s *Runs) Since(ctx context.Context, from time.Time, visit func(run.Run) error) error {
	for _, state := range []run.State{run.Queued, run.Admitted, run.Running} {
		if err := s.InState(ctx, state, visit); err != nil {
			return fmt.Errorf("list runs that are %s: %w", state, err)
		}
	}
	rejected := s.inState(string(run.Rejected))
	rejected.KeyConditionExpression = new(*rejected.KeyConditionExpression + " AND " + records.StateOrderName + " > :from")
	rejected.ExpressionAttributeValues[":from"] = records.String(records.TimeOrder(from, ""))
	if err := s.visit(ctx, rejected, visit); err != nil {
		return fmt.Errorf("list runs that were rejected: %w", err)
	}
	return s.Ended(ctx, from, time.Now().Add(time.Hour), visit)
}
