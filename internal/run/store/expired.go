package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Expired visits the runs that have been queued since before a time. It reads those
// only, however long the queues are.
func (s *Runs) Expired(ctx context.Context, before time.Time, visit func(run.Run) error) error {
	teams, err := s.Teams(ctx)
	if err != nil {
		return err
	}
	for _, team := range teams {
		for priority := range run.Priorities {
			in := s.inState(queueOf(team))
			in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + " AND " + records.StateOrderName + " BETWEEN :first AND :last")
			in.ExpressionAttributeValues[":first"] = records.String(records.QueueOrder(priority, time.Time{}, ""))
			in.ExpressionAttributeValues[":last"] = records.String(records.QueueOrder(priority, before, ""))
			if err := s.visit(ctx, in, visit); err != nil {
				return fmt.Errorf("read expired runs of team %s: %w", team, err)
			}
		}
	}
	return nil
}
