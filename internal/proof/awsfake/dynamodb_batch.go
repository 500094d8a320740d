package awsfake

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

const (
	maxBatchGet   = 100
	maxBatchWrite = 25
)

// BatchGetItem reads up to 100 items by key.
func (db *DynamoDB) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return call(ctx, &db.Control, "BatchGetItem", func() (*dynamodb.BatchGetItemOutput, error) {
		db.mu.Lock()
		defer db.mu.Unlock()
		total := 0
		for _, r := range in.RequestItems {
			total += len(r.Keys)
		}
		if total < 1 || total > maxBatchGet {
			return nil, ddbexpr.Invalid("Too many items requested for the BatchGetItem call")
		}
		out := &dynamodb.BatchGetItemOutput{Responses: map[string][]Item{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
		todo := total - db.unprocessed("BatchGetItem")
		for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
			n, err := db.batchGet(name, in.RequestItems[name], todo, out)
			if err != nil {
				return nil, err
			}
			todo -= n
		}
		return out, nil
	})
}

func (db *DynamoDB) unprocessed(op string) int {
	n := db.leave[op]
	delete(db.leave, op)
	return n
}

// batchGet reads the first todo keys of one table and returns how many it has
// read.
func (db *DynamoDB) batchGet(name string, req types.KeysAndAttributes, todo int, out *dynamodb.BatchGetItemOutput) (int, error) {
	if err := refuseLegacy(req.AttributesToGet != nil); err != nil {
		return 0, err
	}
	t, err := db.table(&name)
	if err != nil {
		return 0, err
	}
	n := max(0, min(todo, len(req.Keys)))
	seen := map[string]bool{}
	for i, key := range req.Keys {
		if id := t.id(key); seen[id] {
			return 0, ddbexpr.Invalid("Provided list of item keys contains duplicates")
		}
		seen[t.id(key)] = true
		if i >= n {
			continue
		}
		item, err := db.read(t, key, req.ProjectionExpression, req.ExpressionAttributeNames)
		if err != nil {
			return 0, err
		}
		if item != nil {
			out.Responses[name] = append(out.Responses[name], item)
		}
	}
	if n < len(req.Keys) {
		rest := req
		rest.Keys = req.Keys[n:]
		out.UnprocessedKeys[name] = rest
	}
	return n, nil
}

// BatchWriteItem puts and deletes up to 25 items, each for itself.
func (db *DynamoDB) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	return call(ctx, &db.Control, "BatchWriteItem", func() (*dynamodb.BatchWriteItemOutput, error) {
		db.mu.Lock()
		defer db.mu.Unlock()
		plans, err := db.planBatch(in.RequestItems)
		if err != nil {
			return nil, err
		}
		out := &dynamodb.BatchWriteItemOutput{UnprocessedItems: map[string][]types.WriteRequest{}}
		done := len(plans) - db.unprocessed("BatchWriteItem")
		for i, p := range plans {
			if i < done {
				p.change.apply(db)
			} else {
				out.UnprocessedItems[p.table] = append(out.UnprocessedItems[p.table], p.request)
			}
		}
		return out, nil
	})
}

type batchWrite struct {
	table   string
	request types.WriteRequest
	change  change
}

func (db *DynamoDB) planBatch(requests map[string][]types.WriteRequest) ([]batchWrite, error) {
	var out []batchWrite
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		for _, r := range requests[name] {
			op := writeOp{table: &name}
			switch {
			case (r.PutRequest == nil) == (r.DeleteRequest == nil):
				return nil, ddbexpr.Invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
			case r.PutRequest != nil:
				op.item = r.PutRequest.Item
			default:
				op.kind, op.item = deleteWrite, r.DeleteRequest.Key
			}
			c, err := db.plan(op)
			if err != nil {
				return nil, err
			}
			if seen[name+"\x00"+c.id] {
				return nil, ddbexpr.Invalid("Provided list of item keys contains duplicates")
			}
			seen[name+"\x00"+c.id] = true
			out = append(out, batchWrite{name, r, c})
		}
	}
	if len(out) < 1 || len(out) > maxBatchWrite {
		return nil, ddbexpr.Invalid("Too many items requested for the BatchWriteItem call")
	}
	return out, nil
}
