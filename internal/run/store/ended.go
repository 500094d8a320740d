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
