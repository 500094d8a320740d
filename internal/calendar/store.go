package calendar

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

// TableAPI is the part of DynamoDB that Store uses.
type TableAPI interface {
	records.UpdateAPI
	records.DeleteAPI
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store has the schedules in the Pipelines table, and the dates that policies have
// skipped in the Runs table, where they expire as runs do.
type Store struct {
	DB    TableAPI
	Table string // of pipelines
	Runs  string // table of runs
}

// keepSkipped is how long skipped dates are kept: as long as runs.
const keepSkipped = 400 * 24 * time.Hour

// Due visits the schedules with a planned time up to and including now, the oldest
// first, until visit returns false. One that cannot be decoded is left out, and returned
// as an error in the end. The index is eventually consistent.
func (s *Store) Due(ctx context.Context, now time.Time, visit func(Schedule) bool) error {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, IndexName: aws.String(records.ByDue),
		KeyConditionExpression: aws.String(records.DueName + " = :due AND " + records.DueOrderName + " < :later"),
		ExpressionAttributeValues: records.Item{
			":due": records.String(records.Due), ":later": records.String(records.TimeOrder(now.Add(1), "")),
		},
	}
	var unreadable []error
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read due schedules: %w", err)
		}
		for _, it := range page.Items {
			var x Schedule
			if err := attributevalue.UnmarshalMap(it, &x); err != nil {
				unreadable = append(unreadable, fmt.Errorf("decode %s of %s: %w", records.Text(it[records.SortName]), records.Text(it[records.PartitionName]), err))
				continue
			}
			if !visit(x) {
				return errors.Join(unreadable...)
			}
		}
	}
	return errors.Join(unreadable...)
}

// Move records that x has been handled up to p.Last, and what was skipped. moved is
// false if another tick has moved it, or its pipeline was applied or paused since x was
// read.
func (s *Store) Move(ctx context.Context, x Schedule, p Plan, now time.Time) (moved bool, err error) {
	unchanged := records.Is("last", x.Last).And(expression.Name(records.DueName).AttributeExists())
	switch {
	case len(p.Skip) > 0:
		moved, err = s.moveAndSkip(ctx, x, p, now, unchanged)
	case p.Next.IsZero() && !x.Until.IsZero():
		moved, err = records.Delete(ctx, s.DB, s.Table, x.Key(), unchanged)
	default:
		moved, err = records.Update(ctx, s.DB, s.Table, x.Key(), move(x, p, now), unchanged)
	}
	if _, conflict := errors.AsType[*types.TransactionConflictException](err); conflict {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("move schedule %s of %s: %w", x, x.Pipeline, err)
	}
	return moved, nil
}

// move is the update of a schedule that has been handled up to p.Last.
func move(x Schedule, p Plan, now time.Time) expression.UpdateBuilder {
	u := expression.Set(expression.Name("last"), expression.Value(p.Last))
	if !p.Made.Equal(x.Made) {
		u = u.Set(expression.Name("made"), expression.Value(p.Made)).Set(expression.Name("madeAt"), expression.Value(now))
	}
	if p.Next.IsZero() {
		return u.Remove(expression.Name(records.DueName)).Remove(expression.Name(records.DueOrderName))
	}
	return u.Set(expression.Name(records.DueOrderName), expression.Value(records.DueOrder(p.Next, x.Key())))
}

func (s *Store) moveAndSkip(ctx context.Context, x Schedule, p Plan, now time.Time, unchanged expression.ConditionBuilder) (bool, error) {
	update, err := records.UpdateWrite(s.Table, x.Key(), move(x, p, now), unchanged)
	if err != nil {
		return false, err
	}
	writes := []types.TransactWriteItem{update}
	for _, k := range p.Skip {
		put, err := k.Put(s.Runs, x, now)
		if err != nil {
			return false, err
		}
		writes = append(writes, put)
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if records.ConditionFailed(err) || records.Conflicted(err) {
		return false, nil
	}
	return err == nil, err
}

// Put is the write that records k, of schedule x, in the table of runs.
func (k Skipped) Put(table string, x Schedule, now time.Time) (types.TransactWriteItem, error) {
	it, err := attributevalue.MarshalMap(k)
	if err != nil {
		return types.TransactWriteItem{}, fmt.Errorf("encode skipped dates of %s: %w", x.Pipeline, err)
	}
	key := records.SkippedKey(x.Pipeline, k.First, x.Sort)
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	it[records.TTLName] = &types.AttributeValueMemberN{Value: strconv.FormatInt(now.Add(keepSkipped).Unix(), 10)}
	return types.TransactWriteItem{Put: &types.Put{TableName: &table, Item: it}}, nil
}

// Begun returns when the stage's calendar began, which it records at the first call.
func (s *Store) Begun(ctx context.Context, now time.Time) (time.Time, error) {
	in, err := records.UpdateInput(s.Table, records.CalendarKey(), expression.Set(expression.Name("begun"), expression.Value(now)), records.Absent())
	if err != nil {
		return now, err
	}
	it, _, err := records.Apply(ctx, s.DB, in)
	if err != nil {
		return now, fmt.Errorf("record the beginning of the calendar: %w", err)
	}
	begun := now
	if v, ok := it["begun"]; ok {
		err = attributevalue.Unmarshal(v, &begun)
	}
	return begun, err
}
