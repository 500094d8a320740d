package register

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// maxRounds limits how often a registration is repeated because the calendar has moved
// a schedule meanwhile, or another write was in progress.
const maxRounds = 5

// Add makes spec the current version, unless the current version has the same digest.
// The version and its triggers are written in one transaction: a version is current
// only with its triggers. It also repairs the triggers of a version that there is.
func (s *Store) Add(ctx context.Context, spec pipeline.Spec, digest string, now time.Time) (*Version, bool, error) {
	return s.add(ctx, spec, digest, anyVersion, now)
}

const anyVersion = -1

// add adds a version if expected is the current one.
func (s *Store) add(ctx context.Context, spec pipeline.Spec, digest string, expected int, now time.Time) (*Version, bool, error) {
	data, err := json.Marshal(spec)
	if err != nil {
		return nil, false, fmt.Errorf("encode pipeline %s: %w", spec.Name, err)
	}
	for range maxRounds {
		before, err := s.registered(ctx, spec.Name)
		if err != nil {
			return nil, false, err
		}
		if expected == anyVersion {
			expected = before.current.Number
		}
		if before.current.Number != expected {
			return nil, false, overtaken(spec.Name)
		}
		next, changed := before.current, !before.exists() || before.current.Digest != digest && before.current.Spec != string(data)
		if changed {
			next = row{
				PK: spec.Name, SK: records.CurrentSort, Number: expected + 1, Digest: digest, AppliedAt: now.UTC(), Spec: string(data),
				Paused: next.Paused, PausedAt: next.PausedAt, PausedWhy: next.PausedWhy, Resumed: next.Resumed,
			}
		}
		done, err := s.write(ctx, before, next, &spec, now)
		if err != nil {
			return nil, false, err
		}
		if done {
			v, err := next.version()
			return v, changed, err
		}
	}
	return nil, false, overtaken(spec.Name)
}

// write writes a version with its triggers in place of before; false means that an item
// was changed since before was read.
func (s *Store) write(ctx context.Context, before *registered, next row, spec *pipeline.Spec, now time.Time) (bool, error) {
	writes, err := s.scheduleWrites(before, spec, next, now)
	if err != nil {
		return false, err
	}
	watches, err := s.watchWrites(ctx, spec)
	if err != nil {
		return false, err
	}
	writes = append(writes, watches...)
	after, err := s.afterWrites(ctx, before, spec)
	if err != nil {
		return false, err
	}
	writes = append(writes, after...)
	if next.Number == before.current.Number {
		if len(writes) == 0 {
			return true, nil
		}
		check, err := s.check(before.current)
		if err != nil {
			return false, err
		}
		return s.transact(ctx, spec.Name, append(writes, check))
	}
	current, err := s.put(next, before.unchanged())
	if err != nil {
		return false, err
	}
	next.SK = records.VersionKey(spec.Name, next.Number).Sort
	version, err := s.put(next, records.Absent())
	if err != nil {
		return false, err
	}
	return s.transact(ctx, spec.Name, append(writes, current, version))
}

// unchanged holds while the current version is still that of b.
func (b *registered) unchanged() expression.ConditionBuilder {
	if b.current.Number == 0 {
		return records.Absent()
	}
	return records.Is("number", b.current.Number).And(b.current.pausedAsRead(), b.current.deletedAsRead())
}

// pausedAsRead holds while the pipeline is paused, or is not, as when r was read: its
// schedules are in the index of what is due accordingly.
func (r row) pausedAsRead() expression.ConditionBuilder {
	if r.Paused {
		return records.Is("paused", true)
	}
	return expression.Name("paused").AttributeNotExists().Or(records.Is("paused", false))
}

// deletedAsRead holds while the pipeline is deleted, or is not, as when r was read.
func (r row) deletedAsRead() expression.ConditionBuilder {
	if r.Deleted {
		return records.Is("deleted", true)
	}
	return expression.Name("deleted").AttributeNotExists()
}

// put is the write of r if cond holds.
func (s *Store) put(r row, cond expression.ConditionBuilder) (types.TransactWriteItem, error) {
	it, err := r.encode()
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return records.PutWrite(s.Table, it, cond)
}

// check holds the transaction to the current version.
func (s *Store) check(r row) (types.TransactWriteItem, error) {
	return records.CheckWrite(s.Table, records.CurrentVersionKey(r.PK), records.Is("number", r.Number).And(r.pausedAsRead(), r.deletedAsRead()))
}

// transact does all writes or none; false means that a condition did not hold, or that
// another write of the same items was in progress.
func (s *Store) transact(ctx context.Context, name string, writes []types.TransactWriteItem) (bool, error) {
	_, err := s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	switch {
	case records.ConditionFailed(err), records.Conflicted(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("write pipeline %s: %w", name, err)
	}
	return true, nil
}

// registered is what is registered of a pipeline.
type registered struct {
	current   row // Number is 0 if the pipeline is unknown
	schedules []record
}

// registered reads the current version of a pipeline and its schedules, consistently.
func (s *Store) registered(ctx context.Context, name string) (*registered, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :name AND sk BETWEEN :first AND :last"),
		ExpressionAttributeValues: records.Item{
			":name": records.String(name), ":first": records.String(records.SchedulesFirst), ":last": records.String(records.SchedulesLast),
		},
	}
	found := &registered{}
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look up pipeline %s: %w", name, err)
		}
		for _, it := range page.Items {
			if err := found.add(it); err != nil {
				return nil, fmt.Errorf("read pipeline %s: %w", name, err)
			}
		}
	}
	return found, nil
}
