package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Wait registers the token that a run waits with, in place of the one before, which
// is no longer valid. An invocation that began before the registered one has an
// invalid token itself: its late write must not replace the valid token.
func (s *Runs) Wait(ctx context.Context, w run.Waiter) error {
	key := records.WaiterKey(w.RunID)
	it, err := encode(w, key)
	if err != nil {
		return err
	}
	it[records.StateName], it[records.StateOrderName] = records.String(records.Waiting), records.String(records.TimeOrder(w.Deadline, w.RunID))
	began := w.Since.UnixMicro()
	it["began"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(began, 10)}
	first := expression.Name("began").AttributeNotExists()
	ok, err := s.putItem(ctx, it, key, first.Or(expression.Name("began").LessThanEqual(expression.Value(began))))
	if err == nil && !ok {
		err = fault.New(fault.Throttled, "run %s already waits with a newer token", w.RunID)
	}
	return err
}

// Woken removes a waiter after its token was answered, unless a newer token has
// replaced it.
func (s *Runs) Woken(ctx context.Context, w run.Waiter) error {
	_, err := records.Delete(ctx, s.DB, s.Table, records.WaiterKey(w.RunID), records.Is("token", w.Token))
	if err != nil {
		return fmt.Errorf("remove waiter of run %s: %w", w.RunID, err)
	}
	return nil
}

// Waiters visits every waiter, the nearest deadline first.
func (s *Runs) Waiters(ctx context.Context, visit func(run.Waiter) error) error {
	return s.byState(ctx, records.Waiting, func(it item) error {
		var w run.Waiter
		if err := decode(it, &w); err != nil {
			s.skips.Skip(ctx, it, err)
			return nil
		}
		return visit(w)
	})
}
