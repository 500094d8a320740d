package register

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// Removed is what Delete has removed.
type Removed struct {
	Version  int  // the last one; the next registration gets the number after it
	Versions int  // how many were removed
	Changed  bool // false = the pipeline was deleted before
}

// Delete removes the triggers of a pipeline in one transaction, and then its versions.
// What remains is the last number: runs refer to versions, so that no number is used
// twice. It can be repeated, and then removes what is left. A pipeline
// that others wait for is deleted with force only.
func (s *Store) Delete(ctx context.Context, name string, force bool, now time.Time) (Removed, error) {
	for range maxRounds {
		before, err := s.registered(ctx, name)
		if err != nil {
			return Removed{}, err
		}
		if before.current.Number == 0 {
			return Removed{}, unknown(name)
		}
		done := before.current.Deleted
		if !done {
			writes, err := s.deleteWrites(ctx, before, force, now)
			if err != nil {
				return Removed{}, err
			}
			if done, err = s.transact(ctx, name, writes); err != nil {
				return Removed{}, err
			}
		}
		if done {
			n, err := s.removeRest(ctx, name, before.current.Number)
			return Removed{Version: before.current.Number, Versions: n, Changed: !before.current.Deleted}, err
		}
	}
	return Removed{}, busy(name)
}

// deleteWrites remove all that starts runs.
func (s *Store) deleteWrites(ctx context.Context, before *registered, force bool, now time.Time) ([]types.TransactWriteItem, error) {
	name := before.current.PK
	after, err := s.deleteAfter(ctx, before, force)
	if err != nil {
		return nil, err
	}
	last := row{PK: name, SK: records.CurrentSort, Number: before.current.Number, Deleted: true, DeletedAt: now.UTC()}
	current, err := s.put(last, before.unchanged())
	if err != nil {
		return nil, err
	}
	watch, err := s.watchWrites(ctx, &pipeline.Spec{Name: name})
	if err != nil {
		return nil, err
	}
	writes := append([]types.TransactWriteItem{current}, after...)
	writes = append(writes, watch...)
	for n := range maxSchedules { // also those that are being created
		writes = append(writes, s.deleteAny(records.ScheduleKey(name, n)))
	}
	for _, r := range before.schedules {
		if !r.schedule.Until.IsZero() {
			writes = append(writes, s.deleteAny(r.schedule.Key()))
		}
	}
	return writes, nil
}

// deleteAfter are the writes that remove what the pipeline waits for, while no other begins
// to wait for it.
func (s *Store) deleteAfter(ctx context.Context, before *registered, force bool) ([]types.TransactWriteItem, error) {
	number, err := s.graph(ctx)
	if err != nil {
		return nil, err
	}
	if !force {
		if err := s.followed(ctx, before.current.PK); err != nil {
			return nil, err
		}
	}
	same, err := records.CheckWrite(s.Table, records.GraphKey(), graphIs(number))
	if err != nil {
		return nil, err
	}
	writes, err := s.unfollow(before, &pipeline.Spec{Name: before.current.PK})
	return append(writes, same), err
}

func (s *Store) deleteAny(k records.Key) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: &s.Table, Key: k.Attributes()}}
}

// atOnce is how many items are removed in a transaction, which is limited to 4 MB.
const atOnce = 8

// removeRest removes all items of a deleted pipeline but the current one, unless it is
// registered again meanwhile. It returns the number of versions.
func (s *Store) removeRest(ctx context.Context, name string, number int) (versions int, err error) {
	keys, err := s.keys(ctx, name)
	if err != nil {
		return 0, err
	}
	check, err := records.CheckWrite(s.Table, records.CurrentVersionKey(name), records.Is("number", number).And(records.Is("deleted", true)))
	if err != nil {
		return 0, err
	}
	for len(keys) > 0 {
		part := keys[:min(len(keys), atOnce)]
		keys = keys[len(part):]
		writes := []types.TransactWriteItem{check}
		for _, k := range part {
			writes = append(writes, s.deleteAny(k))
		}
		done, err := s.transact(ctx, name, writes)
		switch {
		case err != nil:
			return versions, fmt.Errorf("remove versions: %w; repeat the command", err)
		case !done:
			return versions, busy(name)
		}
		for _, k := range part {
			if records.IsVersion(k.Sort) {
				versions++
			}
		}
	}
	return versions, nil
}

// keys are those of all items of a pipeline but the current version.
func (s *Store) keys(ctx context.Context, name string) ([]records.Key, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :name"), ProjectionExpression: aws.String("pk, sk"),
		ExpressionAttributeValues: records.Item{":name": records.String(name)},
	}
	var all []records.Key
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list versions of %s: %w", name, err)
		}
		for _, it := range page.Items {
			if sort := records.Text(it[records.SortName]); sort != records.CurrentSort {
				all = append(all, records.Key{Partition: name, Sort: sort})
			}
		}
	}
	return all, nil
}

// exists reports whether the pipeline is registered.
func (b *registered) exists() bool { return b.current.Number > 0 && !b.current.Deleted }

func (b *registered) mustExist(name string) error {
	switch {
	case b.exists():
		return nil
	case b.current.Deleted:
		return fault.New(fault.InvalidInput, "pipeline %s was deleted at %s; register it again with ephemr apply", name, b.current.DeletedAt.UTC().Format(time.RFC3339))
	}
	return unknown(name)
}

func unknown(name string) error {
	return fault.New(fault.InvalidInput, "pipeline %q is not known; list pipelines with ephemr pipelines", name)
}
