package store

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// HeldFirst visits the runs that wait for another run to succeed: of those that wait
// for one another only the first. What it reads depends on how many these are, and not
// on how many wait behind them. The index is eventually consistent.
func (s *Runs) HeldFirst(ctx context.Context, visit func(run.Run) error) error {
	for after := first; ; {
		in := s.inState(records.Held)
		in.Limit = aws.Int32(1)
		in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + " AND " + records.StateOrderName + " > :after")
		in.ExpressionAttributeValues[":after"] = records.String(after)
		out, err := s.DB.Query(ctx, in)
		if err != nil {
			return fmt.Errorf("read runs that wait for others: %w", err)
		}
		if len(out.Items) == 0 {
			return nil
		}
		it := out.Items[0]
		after = groupOf(records.Text(it[records.StateOrderName])) + last
		var r run.Run
		if err := decode(it, &r); err != nil {
			s.skips.Skip(ctx, it, err)
			continue
		}
		if err := visit(r); err != nil {
			return err
		}
	}
}

// Release puts a run that has waited for another into its team's queue; false means
// that it does not wait any more.
func (s *Runs) Release(ctx context.Context, r run.Run) (bool, error) {
	u := set(set(expression.UpdateBuilder{}, records.StateName, queueOf(r.Team)), records.StateOrderName, queueOrder(r))
	return s.update(ctx, records.RunKey(r.ID), u, records.Is("state", run.Queued).And(records.Is(records.StateName, records.Held)))
}

// Peek reads a run without what belongs to it, consistently. It is nil if there is none.
func (s *Runs) Peek(ctx context.Context, id string) (*run.Run, error) {
	key := records.RunKey(id)
	out, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :id AND sk = :run"),
		ExpressionAttributeValues: item{":id": records.String(key.Partition), ":run": records.String(key.Sort)},
	})
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", id, err)
	}
	if len(out.Items) == 0 {
		return nil, nil //nolint:nilnil // unknown is a valid answer
	}
	var r run.Run
	if err := decode(out.Items[0], &r); err != nil {
		return nil, fmt.Errorf("read run %s: %w", id, err)
	}
	return &r, nil
}
