package backfill

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run/store"
)

// Store has the backfills in the Runs table, and whether they may start runs in the
// Clusters table, where admission checks it in the transaction that starts one.
type Store struct {
	DB    store.DB
	Table string // of runs
	Slots string // table of slots
}

// keep is how long backfills are kept: as long as runs.
const keep = 400 * 24 * time.Hour

// Create writes a backfill.
func (s *Store) Create(ctx context.Context, b Backfill) error {
	it, err := attributevalue.MarshalMap(b)
	if err != nil {
		return fmt.Errorf("encode backfill %s: %w", b.ID, err)
	}
	key := records.BackfillKey(b.ID)
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	it[records.TTLName] = &types.AttributeValueMemberN{Value: strconv.FormatInt(b.CreatedAt.Add(keep).Unix(), 10)}
	if _, err := records.Put(ctx, s.DB, s.Table, it, records.Absent()); err != nil {
		return fmt.Errorf("write backfill %s: %w", b.ID, err)
	}
	return nil
}

// Load reads a backfill, consistently.
func (s *Store) Load(ctx context.Context, id string) (*Backfill, error) {
	found, err := s.query(ctx, "pk = :p AND sk = :id", records.Item{":id": records.String(id)})
	if err == nil && len(found) == 0 {
		return nil, fault.New(fault.InvalidInput, "backfill %s is not known; ephemr backfills lists those that are", id)
	}
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

// List reads all backfills, the newest first.
func (s *Store) List(ctx context.Context) ([]Backfill, error) {
	return s.query(ctx, "pk = :p", records.Item{})
}

func (s *Store) query(ctx context.Context, cond string, values records.Item) (all []Backfill, _ error) {
	values[":p"] = records.String(records.BackfillsPartition)
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: &cond, ExpressionAttributeValues: values, ScanIndexForward: aws.Bool(false),
	}
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read backfills: %w", err)
		}
		var some []Backfill
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &some); err != nil {
			return nil, fmt.Errorf("decode backfills: %w", err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// Change changes the state of b, and whether its runs may start, in one transaction: when
// it returns, none starts unless the state is Running. It is false when b has another
// state than it was read with.
func (s *Store) Change(ctx context.Context, b Backfill, to State, reason string, now time.Time) (bool, error) {
	u := expression.Set(expression.Name("state"), expression.Value(to)).Set(expression.Name("reason"), expression.Value(reason))
	if to == Cancelled || to == Ended {
		u = u.Set(expression.Name("endedAt"), expression.Value(now))
	}
	closed := expression.Set(expression.Name("closed"), expression.Value(true))
	if to == Running {
		closed = expression.Remove(expression.Name("closed"))
	}
	state, err := records.UpdateWrite(s.Table, records.BackfillKey(b.ID), u, records.Is("state", b.State))
	if err != nil {
		return false, err
	}
	slots, err := records.UpdateWrite(s.Slots, records.BackfillSlotsKey(b.ID), closed, records.Absent().Or(records.Present()))
	if err != nil {
		return false, err
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{state, slots}})
	switch {
	case records.ConditionFailed(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("change backfill %s: %w", b.ID, err)
	}
	return true, nil
}

// Advance records that the first n children of b are recorded.
func (s *Store) Advance(ctx context.Context, b Backfill, n int) error {
	_, err := records.Update(ctx, s.DB, s.Table, records.BackfillKey(b.ID),
		expression.Set(expression.Name("recorded"), expression.Value(n)), expression.Name("recorded").LessThan(expression.Value(n)))
	return err
}

// Settle records that no child of a cancelled backfill is active.
func (s *Store) Settle(ctx context.Context, b Backfill) error {
	_, err := records.Update(ctx, s.DB, s.Table, records.BackfillKey(b.ID),
		expression.Set(expression.Name("settled"), expression.Value(true)), records.Is("state", b.State))
	return err
}
