package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Book adds what r has cost to what its team has spent in the month of its end, once: a
// run that was retried adds the difference.
func (s *Runs) Book(ctx context.Context, r run.Run) error {
	more := r.CostUSD - r.Booked
	if more <= 0 {
		return nil
	}
	before := expression.Name("booked").AttributeNotExists()
	if r.Booked > 0 {
		before = records.Is("booked", r.Booked)
	}
	mark, err := records.UpdateWrite(s.Table, records.RunKey(r.ID), set(expression.UpdateBuilder{}, "booked", r.CostUSD), before.And(records.Present()))
	if err != nil {
		return err
	}
	since := expression.Name("since")
	u := set(expression.UpdateBuilder{}, records.TTLName, r.EndedAt.Add(keepHistory).Unix()).
		Set(since, expression.IfNotExists(since, expression.Value(r.EndedAt))).Add(expression.Name("usd"), expression.Value(more))
	add, err := records.UpdateWrite(s.Table, records.SpentKey(run.TeamOf(r), r.EndedAt), u, records.Absent().Or(records.Present()))
	if err != nil {
		return err
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{mark, add}})
	switch {
	case records.ConditionFailed(err):
		return nil // it was booked by another invocation
	case records.Conflicted(err):
		return fault.New(fault.Throttled, "book the cost of run %s: another run of its team ended at the same moment", r.ID)
	case err != nil:
		return fmt.Errorf("book the cost of run %s: %w", r.ID, err)
	}
	return nil
}

// Spent returns what a team has spent in the month of a time.
func (s *Runs) Spent(ctx context.Context, team string, at time.Time) (out run.Spent, _ error) {
	key := records.SpentKey(team, at)
	found, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String(records.PartitionName + " = :pk AND " + records.SortName + " = :sk"),
		ExpressionAttributeValues: item{":pk": records.String(key.Partition), ":sk": records.String(key.Sort)},
	})
	if err == nil && len(found.Items) > 0 {
		err = decode(found.Items[0], &out)
	}
	if err != nil {
		return out, fmt.Errorf("read what team %s has spent: %w", team, err)
	}
	return out, nil
}

// Notice records, with other writes, that a notice about the spending of a team is to be
// sent; false = it was recorded before.
func (s *Runs) Notice(ctx context.Context, team string, month time.Time, name string, with ...types.TransactWriteItem) (bool, error) {
	u := set(set(expression.UpdateBuilder{}, name, time.Now()), records.TTLName, month.Add(keepHistory).Unix())
	mark, err := records.UpdateWrite(s.Table, records.SpentKey(team, month), u, expression.Name(name).AttributeNotExists())
	if err != nil {
		return false, err
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: append([]types.TransactWriteItem{mark}, with...)})
	switch {
	case records.ConditionFailed(err):
		return false, nil
	case records.Conflicted(err):
		return false, fault.New(fault.Throttled, "record notice of the budget of team %s: a run of it ended at the same moment", team)
	case err != nil:
		return false, fmt.Errorf("record notice of the budget of team %s: %w", team, err)
	}
	return true, nil
}
