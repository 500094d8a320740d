package register

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/calendar"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// Pause stops the triggers of a pipeline. Its schedules keep up to when they were
// handled; ephemr calendar lists what becomes due meanwhile.
func (s *Store) Pause(ctx context.Context, name string) error {
	return s.setPaused(ctx, name, true, func(x calendar.Schedule) (calendar.Schedule, []calendar.Skipped, error) { return x, nil, nil })
}

// Resume starts the triggers of a pipeline again. catchup says which of the dates that
// became due while it was paused are made; "" = what each schedule says.
func (s *Store) Resume(ctx context.Context, name string, catchup pipeline.Catchup, now time.Time) error {
	return s.setPaused(ctx, name, false, func(x calendar.Schedule) (calendar.Schedule, []calendar.Skipped, error) {
		return x.Resumed(catchup, now)
	})
}

// setPaused changes a pipeline and all of its schedules in one transaction. It can be
// repeated.
func (s *Store) setPaused(
	ctx context.Context, name string, paused bool, change func(calendar.Schedule) (calendar.Schedule, []calendar.Skipped, error),
) error {
	for range maxRounds {
		before, err := s.registered(ctx, name)
		if err != nil {
			return err
		}
		if before.current.Number == 0 {
			return fault.New(fault.InvalidInput, "pipeline %q is not known", name)
		}
		if before.current.Paused == paused {
			return nil
		}
		writes, err := s.pauseWrites(before, paused, change)
		if err != nil {
			return err
		}
		if done, err := s.transact(ctx, name, writes); done || err != nil {
			return err
		}
	}
	return fault.New(fault.Conflict, "pipeline %s is being changed by another caller; try again", name)
}

func (s *Store) pauseWrites(
	before *registered, paused bool, change func(calendar.Schedule) (calendar.Schedule, []calendar.Skipped, error),
) ([]types.TransactWriteItem, error) {
	in, err := records.UpdateInput(s.Table, records.CurrentVersionKey(before.current.PK),
		expression.Set(expression.Name("paused"), expression.Value(paused)), before.unchanged())
	if err != nil {
		return nil, err
	}
	writes := []types.TransactWriteItem{{Update: &types.Update{
		TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression, ConditionExpression: in.ConditionExpression,
		ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
	}}}
	for _, r := range before.schedules {
		x, skipped, err := change(r.schedule)
		if err != nil {
			return nil, err
		}
		it, err := x.Item(paused)
		if err != nil {
			return nil, err
		}
		put, err := s.putItem(it, records.Is("last", r.schedule.Last))
		if err != nil {
			return nil, err
		}
		writes = append(writes, put)
		for _, k := range skipped {
			put, err := k.Put(s.Runs, x, time.Now())
			if err != nil {
				return nil, fmt.Errorf("record skipped dates of %s: %w", x.Pipeline, err)
			}
			writes = append(writes, put)
		}
	}
	return writes, nil
}

// Schedules returns the schedules of a pipeline: those of its current version, and those
// of versions before that still have dates to be made.
func (s *Store) Schedules(ctx context.Context, name string) ([]calendar.Schedule, error) {
	found, err := s.registered(ctx, name)
	if err != nil {
		return nil, err
	}
	var all []calendar.Schedule
	for _, r := range found.schedules {
		all = append(all, r.schedule)
	}
	return all, nil
}
