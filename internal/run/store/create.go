package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Create writes a run with its pipeline, once. It returns false when the run
// exists: the event was delivered twice.
func (s *Runs) Create(ctx context.Context, r run.Run, spec *pipeline.Spec) (id string, created bool, err error) {
	if r.State == run.Queued {
		if err := s.enlist(ctx, r.TeamName()); err != nil {
			return r.ID, false, err
		}
	}
	err = s.create(ctx, r, spec)
	switch {
	case records.ConditionFailed(err):
		return existing(r, err)
	case err != nil:
		return r.ID, false, fmt.Errorf("write run %s: %w", r.ID, err)
	}
	return r.ID, true, nil
}

// existing returns the run that err says exists in place of r.
func existing(r run.Run, err error) (id string, created bool, _ error) {
	for i, it := range occupants(err) {
		if other := records.Text(it["identity"]); i == runItem && r.Identity != "" && other != "" && other != r.Identity {
			return r.ID, false, &run.TakenError{RunID: r.ID}
		}
		id := cmp.Or(records.Text(it["runId"]), r.ID)
		if before := records.Text(it["wish"]); before != "" && r.Fingerprint != "" && before != r.Fingerprint {
			return id, false, &run.UsedError{RequestID: r.Trigger.RequestID, RunID: id}
		}
		return id, false, nil
	}
	return r.ID, false, nil
}

// runItem is the position of the run in the transaction that creates it.
const runItem = 0

// occupants yields the existing items that made writes of a transaction fail, with their
// positions.
func occupants(err error) iter.Seq2[int, item] {
	return func(yield func(int, item) bool) {
		t, ok := errors.AsType[*types.TransactionCanceledException](err)
		if !ok {
			return
		}
		for i, why := range t.CancellationReasons {
			if aws.ToString(why.Code) == "ConditionalCheckFailed" && why.Item != nil && !yield(i, why.Item) {
				return
			}
		}
	}
}

func (s *Runs) create(ctx context.Context, r run.Run, spec *pipeline.Spec) error {
	it, err := encode(r, records.RunKey(r.ID))
	if err != nil {
		return err
	}
	it[records.StateName], it[records.StateOrderName] = records.String(partition(r)), records.String(order(r))
	it[records.PipelineName], it[records.PipelineOrderName] = records.String(r.Pipeline), records.String(records.TimeOrder(r.LogicalTime, r.ID))

	puts := []types.TransactWriteItem{{Put: &types.Put{
		TableName: &s.Table, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}}
	if spec != nil {
		data, err := json.Marshal(spec)
		if err != nil {
			return fmt.Errorf("encode pipeline of run %s: %w", r.ID, err)
		}
		specItem := records.SpecKey(r.ID).Attributes()
		specItem["spec"], specItem[records.TTLName] = records.String(string(data)), it[records.TTLName]
		puts = append(puts, types.TransactWriteItem{Put: &types.Put{TableName: &s.Table, Item: specItem}})
	}
	if r.Backfill != "" {
		puts = append(puts, s.backfillOpen(r.Backfill))
	}
	if r.State == run.Queued && r.Trigger.RequestID != "" {
		used, err := s.useRequest(r)
		if err != nil {
			return err
		}
		puts = append(puts, used...)
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: puts})
	return err
}

// useRequest are the writes that use r's request id. The run id contains the logical time,
// which may differ when a sender retries later: the request id can be used only once, or
// once for each value of a matrix by the same request.
func (s *Runs) useRequest(r run.Run) ([]types.TransactWriteItem, error) {
	use := func(key records.Key, unless string) (types.TransactWriteItem, error) {
		it, err := encode(map[string]string{"runId": r.ID, "wish": r.Fingerprint}, key)
		put := &types.Put{
			TableName: &s.Table, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)" + unless),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}
		if unless != "" {
			put.ExpressionAttributeValues = item{":wish": records.String(r.Fingerprint)}
		}
		return types.TransactWriteItem{Put: put}, err
	}
	id := r.Trigger
	if r.Value() == "" {
		one, err := use(records.RequestKey(id.Sender, id.RequestID), "")
		return []types.TransactWriteItem{one}, err
	}
	all, err := use(records.RequestKey(id.Sender, id.RequestID), " OR wish = :wish")
	if err != nil {
		return nil, err
	}
	value, err := use(records.RequestValueKey(id.Sender, id.RequestID, r.Value()), "")
	return []types.TransactWriteItem{all, value}, err
}
