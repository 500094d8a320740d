package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Expired visits the runs that have been queued since before a time, until visit
// returns an error. It reads those only, however long the queues are.
func (s *Runs) Expired(ctx context.Context, before time.Time, visit func(run.Run) error) error {
	teams, err := s.Teams(ctx)
	if err != nil {
		return err
	}
	for _, team := range teams {
		for after := ""; ; {
			group, err := s.nextGroup(ctx, team, after)
			if err != nil {
				return err
			}
			if group == "" {
				break
			}
			in := s.inState(queueOf(team))
			in.Limit = aws.Int32(queuePage)
			in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + " AND " + records.StateOrderName + " BETWEEN :first AND :last")
			in.ExpressionAttributeValues[":first"] = records.String(group)
			in.ExpressionAttributeValues[":last"] = records.String(group + records.TimeOrder(before, ""))
			if err := s.visit(ctx, in, visit); err != nil {
				return fmt.Errorf("read expired runs of team %s: %w", team, err)
			}
			after = group + last
		}
	}
	in := s.inState(records.Held) // sorted by logical time
	in.FilterExpression, in.ExpressionAttributeValues[":before"] = aws.String("requestedAt < :before"), records.String(before.UTC().Format(time.RFC3339Nano))
	if err := s.visit(ctx, in, visit); err != nil {
		return fmt.Errorf("read expired runs that wait for others: %w", err)
	}
	return nil
}

// nextGroup is the pipeline and priority of the first run behind a place in a team's
// queues, as groupOf returns it, or "".
func (s *Runs) nextGroup(ctx context.Context, team, after string) (string, error) {
	all, _, err := s.behind(ctx, team, after, 1)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return groupOf(all[0].order), nil
}
