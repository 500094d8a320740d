package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
)

// Batch returns a batch, or nil if there is none.
func (s *Store) Batch(ctx context.Context, id string) (*Batch, error) {
	var b Batch
	found, err := s.get(ctx, records.BatchKey(id), &b)
	if !found || err != nil {
		return nil, err
	}
	return &b, nil
}

// newest returns the newest batch of a trigger, or nil if it never had one.
func (s *Store) newest(ctx context.Context, pipelineName, trigger string) (*Batch, error) {
	var open struct {
		Batch string `dynamodbav:"batch"`
	}
	found, err := s.get(ctx, records.OpenKey(pipelineName, trigger), &open)
	if !found || err != nil {
		return nil, err
	}
	b, err := s.Batch(ctx, open.Batch)
	if err == nil && b == nil { // it has expired
		b = &Batch{ID: open.Batch, State: Started}
	}
	return b, err
}

func (s *Store) get(ctx context.Context, key records.Key, into any) (found bool, err error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Table, Key: key.Attributes(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return false, fmt.Errorf("read %s of %s: %w", key.Sort, key.Partition, err)
	}
	if out.Item == nil {
		return false, nil
	}
	if err := attributevalue.UnmarshalMap(out.Item, into); err != nil {
		return false, fmt.Errorf("read %s of %s: %w", key.Sort, key.Partition, err)
	}
	return true, nil
}

// Close closes a batch if it is open and its time has not been put off since b was read.
// false means that another writer was faster.
func (s *Store) Close(ctx context.Context, b Batch, by string) (bool, error) {
	now := time.Now().UTC()
	u := expression.Set(expression.Name("state"), expression.Value(Closed)).Set(expression.Name("closedAt"), expression.Value(now)).
		Set(expression.Name("closedBy"), expression.Value(by)).Set(expression.Name(records.ClosingOrderName), expression.Value(b.order(now)))
	closed, err := records.Update(ctx, s.DB, s.Table, records.BatchKey(b.ID), u, records.Is("state", Open).And(records.Is("closesAt", b.ClosesAt)))
	if err != nil {
		return false, fmt.Errorf("close batch %s: %w", b.ID, err)
	}
	return closed, nil
}

// Members returns the objects of a closed batch, the oldest first.
func (s *Store) Members(ctx context.Context, b Batch) ([]Object, error) {
	if b.State == Open {
		return nil, fmt.Errorf("list objects of batch %s: it is open", b.ID)
	}
	all, err := s.members(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	if len(all) != b.Count {
		return nil, fmt.Errorf("batch %s has %d objects, and records of %d: records of the table were changed", b.ID, b.Count, len(all))
	}
	slices.SortFunc(all, byTime)
	return all, nil
}

func (s *Store) members(ctx context.Context, id string) (all []Object, _ error) {
	key := records.MembersKey(id, "")
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :batch AND begins_with(sk, :members)"),
		ExpressionAttributeValues: records.Item{":batch": records.String(key.Partition), ":members": records.String(key.Sort)},
	}
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list objects of batch %s: %w", id, err)
		}
		for _, it := range page.Items {
			var some struct {
				Objects []Object `dynamodbav:"objects"`
			}
			if err := attributevalue.UnmarshalMap(it, &some); err != nil {
				return nil, fmt.Errorf("read objects of batch %s: %w", id, err)
			}
			all = append(all, some.Objects...)
		}
	}
	return all, nil
}

// Start records the run of a closed batch, or that it has none because it is empty.
func (s *Store) Start(ctx context.Context, b Batch, runs ...string) error {
	u := expression.Set(expression.Name("state"), expression.Value(Started)).Set(expression.Name("runs"), expression.Value(runs))
	if len(runs) == 0 {
		u = expression.Set(expression.Name("state"), expression.Value(Empty))
	}
	u = u.Remove(expression.Name(records.ClosingName)).Remove(expression.Name(records.ClosingOrderName))
	if _, err := records.Update(ctx, s.DB, s.Table, records.BatchKey(b.ID), u, records.Is("state", Closed)); err != nil {
		return fmt.Errorf("record run of batch %s: %w", b.ID, err)
	}
	return nil
}

// PutOff has a closed batch considered again at a later time.
func (s *Store) PutOff(ctx context.Context, b Batch, until time.Time) error {
	u := expression.Set(expression.Name(records.ClosingOrderName), expression.Value(b.order(until)))
	if _, err := records.Update(ctx, s.DB, s.Table, records.BatchKey(b.ID), u, records.Is("state", Closed)); err != nil {
		return fmt.Errorf("put off batch %s: %w", b.ID, err)
	}
	return nil
}

// Due returns the ids of batches with which something is to be done by now: the oldest
// first, at most so many.
func (s *Store) Due(ctx context.Context, now time.Time, most int) (ids []string, _ error) {
	out, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Table, IndexName: aws.String(records.ByClosing), Limit: aws.Int32(int32(most)), //nolint:gosec // it is small
		KeyConditionExpression:    aws.String(records.ClosingName + " = :closing AND " + records.ClosingOrderName + " <= :now"),
		ExpressionAttributeValues: records.Item{":closing": records.String(records.Closing), ":now": records.String(records.TimeOrder(now, "~"))},
	})
	if err != nil {
		return nil, fmt.Errorf("list batches to close: %w", err)
	}
	for _, it := range out.Items {
		ids = append(ids, records.Text(it["id"]))
	}
	return ids, nil
}
