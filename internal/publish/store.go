package publish

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// DB is the part of DynamoDB that the records of partitions need.
type DB interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store keeps what partitions point at, in the Runs table. Each change of a record goes
// with the change of the run, in one transaction.
type Store struct {
	DB    DB
	Table string
}

// errChanged is the error for a record, or a run, that has changed since it was read.
var errChanged = errors.New("it has changed")

// Read returns what is recorded of a partition; a partition without a record has no
// Current, no Earlier and revision 0.
func (s *Store) Read(ctx context.Context, table, partition string) (Pointer, error) {
	found, err := s.query(ctx, table, partition)
	if err != nil || len(found) == 0 {
		return Pointer{Table: table, Partition: partition}, err
	}
	return found[0], nil
}

// List returns what is recorded of the partitions of a table, by their names.
func (s *Store) List(ctx context.Context, table string) ([]Pointer, error) {
	return s.query(ctx, table, "")
}

func (s *Store) query(ctx context.Context, table, partition string) ([]Pointer, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String(records.PartitionName + " = :pk"),
		ExpressionAttributeValues: records.Item{":pk": records.String(records.PublishedPartition(table))},
	}
	if partition != "" {
		in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + " AND " + records.SortName + " = :sk")
		in.ExpressionAttributeValues[":sk"] = records.String(partition)
	}
	var all []Pointer
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read what was published to %s: %w", table, err)
		}
		var some []Pointer
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &some); err != nil {
			return nil, fmt.Errorf("read what was published to %s: %w", table, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// write replaces the record that has the revision of next and changes the run with it. The
// error is errChanged if either has changed.
func (s *Store) write(ctx context.Context, next *Pointer, runID string, u expression.UpdateBuilder, cond expression.ConditionBuilder) error {
	same := records.Absent()
	if next.Revision > 0 {
		same = records.Is("revision", next.Revision)
	}
	changed := *next
	changed.Revision++
	it, err := attributevalue.MarshalMap(changed)
	if err != nil {
		return fmt.Errorf("encode partition %s of %s: %w", next.Partition, next.Table, err)
	}
	key := records.PublishedKey(next.Table, next.Partition)
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	pointer, err := records.PutWrite(s.Table, it, same)
	if err != nil {
		return err
	}
	ofRun, err := records.UpdateWrite(s.Table, records.RunKey(runID), u, cond)
	if err != nil {
		return err
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: []types.TransactWriteItem{pointer, ofRun}, ClientRequestToken: aws.String(rand.Text()), // a repeated call is no other change
	})
	switch {
	case records.ConditionFailed(err):
		return fault.New(fault.Throttled, "record partition %s of %s for run %s: %w", next.Partition, next.Table, runID, errChanged)
	case records.Conflicted(err):
		return fault.New(fault.Throttled, "record partition %s of %s for run %s: another run changes it at the same moment", next.Partition, next.Table, runID)
	case err != nil:
		return fmt.Errorf("record partition %s of %s for run %s: %w", next.Partition, next.Table, runID, err)
	}
	*next = changed
	return nil
}

// claim records the intent to publish for a run that execution may continue.
func (s *Store) claim(ctx context.Context, p *Pointer, c Claim, execution string, pub run.Publication) error {
	next := *p
	next.Claim = &c
	mine := records.Is("state", run.Running).And(records.Is("execution", execution), expression.Name("cancel").AttributeNotExists(), expression.Name("publication").AttributeNotExists())
	if err := s.write(ctx, &next, c.RunID, set("publication", pub), mine); err != nil {
		return err
	}
	*p = next
	return nil
}

// claimUndo records the intent to make the partition point at what was published before.
func (s *Store) claimUndo(ctx context.Context, p *Pointer, c Claim) error {
	next := *p
	next.Claim = &c
	if err := s.write(ctx, &next, c.RunID, set("publication.state", run.Published), is(run.Published)); err != nil {
		return err
	}
	*p = next
	return nil
}

// settle records that the claim of p has taken effect.
func (s *Store) settle(ctx context.Context, p *Pointer) error {
	next, c := p.settled(), p.Claim
	from, to := run.Publishing, run.Published
	if c.Undo {
		from, to = run.Published, run.Undone
	}
	u := set("publication.state", to).Set(expression.Name("publication.at"), expression.Value(c.At))
	if err := s.write(ctx, &next, c.RunID, u, is(from)); err != nil {
		return err
	}
	*p = next
	return nil
}

// withdraw removes the claim of p, which has had no effect.
func (s *Store) withdraw(ctx context.Context, p *Pointer) error {
	next, c := *p, p.Claim
	next.Claim = nil
	u, cond := expression.Remove(expression.Name("publication")), is(run.Publishing)
	if c.Undo {
		u, cond = set("publication.state", run.Published), is(run.Published)
	}
	if err := s.write(ctx, &next, c.RunID, u, cond); err != nil {
		return err
	}
	*p = next
	return nil
}

func set(name string, value any) expression.UpdateBuilder {
	return expression.Set(expression.Name(name), expression.Value(value))
}

func is(state run.PublicationState) expression.ConditionBuilder {
	return records.Is("publication.state", state)
}
