package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// Wait registers the token a run waits with; the one before it is dead. Who began
// before the one that is there has itself the dead token: its write must not come
// late and bury the other's.
func (s *Runs) Wait(ctx context.Context, w run.Waiter) error {
	it, err := encode(w, w.RunID, waitKey)
	if err != nil {
		return err
	}
	it[gsState], it[gsOrder] = str(waiting), str(stamp(w.Deadline)+"#"+w.RunID)
	began := w.Since.UnixMicro()
	it["began"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(began, 10)}
	first := expression.Name("began").AttributeNotExists()
	ok, err := s.put(ctx, it, first.Or(expression.Name("began").LessThanEqual(expression.Value(began))))
	if err == nil && !ok {
		err = fault.New(fault.Throttled, "run %s waits already with a newer token", w.RunID)
	}
	return err
}

// Woken removes a waiter after its token was answered, unless a newer token has
// taken its place.
func (s *Runs) Woken(ctx context.Context, w run.Waiter) error {
	e, err := expression.NewBuilder().WithCondition(is("token", w.Token)).Build()
	if err != nil {
		return fmt.Errorf("build condition: %w", err)
	}
	_, err = s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.Table, Key: key(w.RunID, waitKey), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	})
	if err != nil && !refused(err) {
		return fmt.Errorf("remove waiter of run %s: %w", w.RunID, err)
	}
	return nil
}

// Waiters returns every waiter, the nearest deadline first, page by page.
func (s *Runs) Waiters(ctx context.Context, visit func(run.Waiter) error) error {
	return s.byState(ctx, waiting, func(it item) error {
		var w run.Waiter
		if err := attributevalue.UnmarshalMap(it, &w); err != nil {
			return fmt.Errorf("read waiter: %w", err)
		}
		return visit(w)
	})
}
