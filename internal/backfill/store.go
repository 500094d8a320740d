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
	head, err := s.item(b, records.BackfillKey(b.ID), b.CreatedAt)
	if err != nil {
		return err
	}
	head[records.StateName], head[records.StateOrderName] = records.String(records.OpenBackfills), records.String(b.ID)
	plan, err := s.item(b.Plan, records.BackfillPlanKey(b.ID), b.CreatedAt)
	if err != nil {
		return err
	}
	in := &dynamodb.TransactWriteItemsInput{}
	for _, it := range []records.Item{plan, head} {
		put, err := records.PutWrite(s.Table, it, records.Absent())
		if err != nil {
			return err
		}
		in.TransactItems = append(in.TransactItems, put)
	}
	if _, err := s.DB.TransactWriteItems(ctx, in); err != nil {
		return fmt.Errorf("write backfill %s: %w", b.ID, err)
	}
	return nil
}

// item is x as an item that expires with the runs of a backfill.
func (s *Store) item(x any, key records.Key, created time.Time) (records.Item, error) {
	it, err := attributevalue.MarshalMap(x)
	if err != nil {
		return nil, fmt.Errorf("encode %s %s: %w", key.Partition, key.Sort, err)
	}
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	it[records.TTLName] = &types.AttributeValueMemberN{Value: strconv.FormatInt(created.Add(keep).Unix(), 10)}
	return it, nil
}

// Load reads a backfill with its plan, consistently.
func (s *Store) Load(ctx context.Context, id string) (*Backfill, error) {
	b, err := s.Head(ctx, id)
	if err != nil {
		return nil, err
	}
	found, err := read[Plan](ctx, s.DB, s.one(records.BackfillPlanKey(id)))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("backfill %s has no plan", id)
	}
	if err != nil {
		return nil, err
	}
	b.Plan = found[0]
	return b, nil
}

// Head reads a backfill without its plan, consistently.
func (s *Store) Head(ctx context.Context, id string) (*Backfill, error) {
	found, err := read[Backfill](ctx, s.DB, s.one(records.BackfillKey(id)))
	if err == nil && len(found) == 0 {
		err = fault.New(fault.InvalidInput, "backfill %s is not known; ephemr backfills lists those that are", id)
	}
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

// List reads all backfills without their plans, the newest first.
func (s *Store) List(ctx context.Context) ([]Backfill, error) {
	return read[Backfill](ctx, s.DB, &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false), KeyConditionExpression: aws.String(records.PartitionName + " = :p"),
		ExpressionAttributeValues: records.Item{":p": records.String(records.BackfillsPartition)},
	})
}

// Open are the ids of the backfills with something left to do. The index is eventually
// consistent.
func (s *Store) Open(ctx context.Context) (ids []string, _ error) {
	all, err := read[Backfill](ctx, s.DB, &dynamodb.QueryInput{
		TableName: &s.Table, IndexName: aws.String(records.ByState), KeyConditionExpression: aws.String(records.StateName + " = :open"),
		ExpressionAttributeValues: records.Item{":open": records.String(records.OpenBackfills)},
	})
	for _, b := range all {
		ids = append(ids, b.ID)
	}
	return ids, err
}

// one selects the item of a key.
func (s *Store) one(key records.Key) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String(records.PartitionName + " = :p AND " + records.SortName + " = :s"),
		ExpressionAttributeValues: records.Item{":p": records.String(key.Partition), ":s": records.String(key.Sort)},
	}
}

// read reads the items that in selects.
func read[T any](ctx context.Context, db store.DB, in *dynamodb.QueryInput) (all []T, _ error) {
	for p := dynamodb.NewQueryPaginator(db, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read backfills: %w", err)
		}
		var some []T
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
	if to == Ended {
		u = done(u)
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
		done(expression.Set(expression.Name("settled"), expression.Value(true))), records.Is("state", b.State))
	return err
}

// done takes a backfill out of the index of those with something left to do.
func done(u expression.UpdateBuilder) expression.UpdateBuilder {
	return u.Remove(expression.Name(records.StateName)).Remove(expression.Name(records.StateOrderName))
}
