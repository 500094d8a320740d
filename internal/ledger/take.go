package ledger

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

// Take are the writes, for the transaction that creates a run, by which it takes an
// object without a batch, together with the other runs of its matrix. They fail if the
// pipeline has taken the object before for others.
func (s *Store) Take(e Entry) ([]types.TransactWriteItem, error) {
	put, err := s.entry(e)
	if err != nil {
		return nil, err
	}
	check, needed, err := s.unfed(e.Pipeline, e.Object)
	if err != nil || !needed {
		return []types.TransactWriteItem{put}, err
	}
	return []types.TransactWriteItem{put, check}, nil
}

// Give is the write, for the transaction that creates a run, by which a person gives it an
// object: it is noted beside the run that has taken the object before, if any. An event
// that reports the object later starts nothing.
func (s *Store) Give(e Entry) (types.TransactWriteItem, error) {
	key := e.key(e.Pipeline)
	first, err := item(Entry{Object: e.Object, Pipeline: e.Pipeline, At: e.At}, key)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	u := alsoRuns(expression.UpdateBuilder{}, e.Runs)
	for _, name := range slices.Sorted(maps.Keys(first)) {
		if name != records.PartitionName && name != records.SortName {
			u = u.Set(expression.Name(name), expression.IfNotExists(expression.Name(name), expression.Value(first[name])))
		}
	}
	return s.update(key, u, nil)
}

// Redo is the write, for the transaction that creates a run, by which it gets the objects
// of a batch again.
func (s *Store) Redo(batch, runID string) (types.TransactWriteItem, error) {
	started := records.Is("state", Started)
	return s.update(records.BatchKey(batch), alsoRuns(expression.UpdateBuilder{}, []string{runID}), &started)
}

// alsoRuns adds runs to those of an item.
func alsoRuns(u expression.UpdateBuilder, ids []string) expression.UpdateBuilder {
	before := expression.IfNotExists(expression.Name("runs"), expression.Value([]string{}))
	return u.Set(expression.Name("runs"), expression.ListAppend(before, expression.Value(ids)))
}

func (s *Store) update(key records.Key, u expression.UpdateBuilder, cond *expression.ConditionBuilder) (types.TransactWriteItem, error) {
	b := expression.NewBuilder().WithUpdate(u)
	if cond != nil {
		b = b.WithCondition(*cond)
	}
	x, err := b.Build()
	if err != nil {
		return types.TransactWriteItem{}, fmt.Errorf("build update of %s: %w", key.Partition, err)
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.Table, Key: key.Attributes(), UpdateExpression: x.Update(), ConditionExpression: x.Condition(),
		ExpressionAttributeNames: x.Names(), ExpressionAttributeValues: x.Values(),
	}}, nil
}
