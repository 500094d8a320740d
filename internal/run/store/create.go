package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Create writes a run with its pipeline, once, in one transaction with others' writes. It
// returns false when the run exists: the event was delivered twice. Then id is that of
// the run; it is "" if the condition of another's write does not hold.
func (s *Runs) Create(ctx context.Context, r run.Run, spec *pipeline.Spec, with ...types.TransactWriteItem) (id string, created bool, err error) {
	if r.State == run.Queued {
		if err := s.enlist(ctx, r.TeamName()); err != nil {
			return r.ID, false, err
		}
	}
	at, err := s.create(ctx, r, spec, with)
	switch {
	case records.ConditionFailed(err):
		return existing(r, err, at)
	case err != nil:
		return r.ID, false, fmt.Errorf("write run %s: %w", r.ID, err)
	}
	return r.ID, true, nil
}

// existing returns the run that err says exists in place of r; at are the places of the
// run's and of the request's items.
func existing(r run.Run, err error, at []int) (id string, created bool, _ error) {
	for _, i := range at {
		it, failed := occupant(err, i)
		if !failed {
			continue
		}
		if other := records.Text(it["identity"]); i == runItem && r.Identity != "" && other != "" && other != r.Identity {
			return r.ID, false, &run.TakenError{RunID: r.ID}
		}
		id := cmp.Or(records.Text(it["runId"]), r.ID)
		if before := records.Text(it["wish"]); before != "" && r.Fingerprint != "" && before != r.Fingerprint {
			return id, false, &run.UsedError{RequestID: r.Trigger.RequestID, RunID: id}
		}
		return id, false, nil
	}
	return "", false, nil
}

// runItem is the place of the run's item in the transaction that creates it.
const runItem = 0

// occupant returns the existing item that made the write at a position fail; false means
// that it did not fail.
func occupant(err error, place int) (item, bool) {
	t, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || len(t.CancellationReasons) <= place {
		return nil, false
	}
	why := t.CancellationReasons[place]
	return why.Item, aws.ToString(why.Code) == "ConditionalCheckFailed"
}

// create returns the places of the run's and of the request's items in its transaction.
func (s *Runs) create(ctx context.Context, r run.Run, spec *pipeline.Spec, with []types.TransactWriteItem) (at []int, _ error) {
	at = []int{runItem}
	puts, err := s.runWrites(r, spec)
	if err != nil {
		return at, err
	}
	if r.State == run.Queued && r.Trigger.RequestID != "" {
		used, err := s.useRequest(r)
		if err != nil {
			return at, err
		}
		for i := range used {
			at = append(at, len(puts)+i)
		}
		puts = append(puts, used...)
	}
	if len(r.Trigger.Objects) > 0 {
		objects, err := encode(map[string][]string{"objects": r.Trigger.Objects}, records.ObjectsKey(r.ID))
		if err != nil {
			return at, err
		}
		puts = append(puts, types.TransactWriteItem{Put: &types.Put{TableName: &s.Table, Item: objects}})
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: append(puts, with...)})
	return at, err
}

// runWrites are the writes of a run and of its pipeline; the run's is at runItem.
func (s *Runs) runWrites(r run.Run, spec *pipeline.Spec) ([]types.TransactWriteItem, error) {
	it, err := encode(r, records.RunKey(r.ID))
	if err != nil {
		return nil, err
	}
	it[records.StateName], it[records.StateOrderName] = records.String(partition(r)), records.String(order(r))
	it[records.PipelineName], it[records.PipelineOrderName] = records.String(r.Pipeline), records.String(records.TimeOrder(r.LogicalTime, r.ID))

	vacant := records.Absent()
	if r.Backfill != "" { // a date whose request was refused has a record, and no run
		vacant = vacant.Or(records.Is("state", run.Rejected))
	}
	put, err := records.PutWrite(s.Table, it, vacant)
	if err != nil {
		return nil, err
	}
	puts := []types.TransactWriteItem{put}
	if spec != nil {
		data, err := json.Marshal(spec)
		if err != nil {
			return nil, fmt.Errorf("encode pipeline of run %s: %w", r.ID, err)
		}
		specItem := records.SpecKey(r.ID).Attributes()
		specItem["spec"], specItem[records.TTLName] = records.String(string(data)), it[records.TTLName]
		puts = append(puts, types.TransactWriteItem{Put: &types.Put{TableName: &s.Table, Item: specItem}})
	}
	return puts, nil
}

// useRequest are the writes that use r's request id. The run id contains the logical time,
// which may differ when a sender retries later: the request id can be used only once, or
// once for each value of a matrix by the same request.
func (s *Runs) useRequest(r run.Run) ([]types.TransactWriteItem, error) {
	use := func(key records.Key, cond expression.ConditionBuilder) (types.TransactWriteItem, error) {
		it, err := encode(map[string]string{"runId": r.ID, "wish": r.Fingerprint}, key)
		if err != nil {
			return types.TransactWriteItem{}, err
		}
		return records.PutWrite(s.Table, it, cond)
	}
	id := r.Trigger
	if r.Value() == "" {
		one, err := use(records.RequestKey(id.Sender, id.RequestID), records.Absent())
		return []types.TransactWriteItem{one}, err
	}
	all, err := use(records.RequestKey(id.Sender, id.RequestID), records.Absent().Or(records.Is("wish", r.Fingerprint)))
	if err != nil {
		return nil, err
	}
	value, err := use(records.RequestValueKey(id.Sender, id.RequestID, r.Value()), records.Absent())
	return []types.TransactWriteItem{all, value}, err
}
