package awsfake

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

// write plans and applies one write.
func (db *DynamoDB) write(op writeOp) (change, error) {
	c, err := db.plan(op)
	if err == nil {
		c.apply(db)
	}
	return c, err
}

func checkReturn(v types.ReturnValue, allowed ...types.ReturnValue) error {
	if v == "" || v == types.ReturnValueNone {
		return nil
	}
	for _, a := range allowed {
		if v == a {
			return nil
		}
	}
	return ddbexpr.Invalid("ReturnValues can only be ALL_OLD or NONE")
}

// PutItem stores an item.
func (db *DynamoDB) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return call(ctx, &db.Control, "PutItem", func() (*dynamodb.PutItemOutput, error) {
		db.mu.Lock()
		defer db.mu.Unlock()
		if err := refuseLegacy(in.Expected != nil || in.ConditionalOperator != ""); err != nil {
			return nil, err
		}
		if err := checkReturn(in.ReturnValues, types.ReturnValueAllOld); err != nil {
			return nil, err
		}
		c, err := db.write(writeOp{
			kind: putWrite, table: in.TableName, item: in.Item, condition: in.ConditionExpression,
			names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues, onFailure: in.ReturnValuesOnConditionCheckFailure,
		})
		if err != nil {
			return nil, err
		}
		out := &dynamodb.PutItemOutput{}
		if in.ReturnValues == types.ReturnValueAllOld {
			out.Attributes = c.old.copy()
		}
		return out, nil
	})
}

// DeleteItem removes an item, if there is one.
func (db *DynamoDB) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return call(ctx, &db.Control, "DeleteItem", func() (*dynamodb.DeleteItemOutput, error) {
		db.mu.Lock()
		defer db.mu.Unlock()
		if err := refuseLegacy(in.Expected != nil || in.ConditionalOperator != ""); err != nil {
			return nil, err
		}
		if err := checkReturn(in.ReturnValues, types.ReturnValueAllOld); err != nil {
			return nil, err
		}
		c, err := db.write(writeOp{
			kind: deleteWrite, table: in.TableName, item: in.Key, condition: in.ConditionExpression,
			names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues, onFailure: in.ReturnValuesOnConditionCheckFailure,
		})
		if err != nil {
			return nil, err
		}
		out := &dynamodb.DeleteItemOutput{}
		if in.ReturnValues == types.ReturnValueAllOld {
			out.Attributes = c.old.copy()
		}
		return out, nil
	})
}

// UpdateItem changes an item, or creates it.
func (db *DynamoDB) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return call(ctx, &db.Control, "UpdateItem", func() (*dynamodb.UpdateItemOutput, error) {
		db.mu.Lock()
		defer db.mu.Unlock()
		if err := refuseLegacy(in.Expected != nil || in.ConditionalOperator != "" || in.AttributeUpdates != nil); err != nil {
			return nil, err
		}
		if err := checkReturn(in.ReturnValues, types.ReturnValueAllOld, types.ReturnValueAllNew, types.ReturnValueUpdatedOld, types.ReturnValueUpdatedNew); err != nil {
			return nil, err
		}
		c, err := db.write(writeOp{
			kind: updateWrite, table: in.TableName, item: in.Key, condition: in.ConditionExpression, update: in.UpdateExpression,
			names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues, onFailure: in.ReturnValuesOnConditionCheckFailure,
		})
		if err != nil {
			return nil, err
		}
		return &dynamodb.UpdateItemOutput{Attributes: c.returned(in.ReturnValues)}, nil
	})
}

func (c change) returned(v types.ReturnValue) Item {
	switch v {
	case types.ReturnValueAllOld:
		return c.old.copy()
	case types.ReturnValueAllNew:
		return c.now.copy()
	case types.ReturnValueUpdatedOld:
		return notEmpty(ddbexpr.Project(c.old.copy(), c.touched))
	case types.ReturnValueUpdatedNew:
		return notEmpty(ddbexpr.Project(c.now.copy(), c.touched))
	case types.ReturnValueNone:
	}
	return nil
}

func notEmpty(item Item) Item {
	if len(item) == 0 {
		return nil
	}
	return item
}

// GetItem reads an item; Item is nil if there is none.
func (db *DynamoDB) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return call(ctx, &db.Control, "GetItem", func() (*dynamodb.GetItemOutput, error) {
		db.mu.Lock()
		defer db.mu.Unlock()
		if err := refuseLegacy(in.AttributesToGet != nil); err != nil {
			return nil, err
		}
		t, err := db.table(in.TableName)
		if err != nil {
			return nil, err
		}
		item, err := db.read(t, in.Key, in.ProjectionExpression, in.ExpressionAttributeNames)
		return &dynamodb.GetItemOutput{Item: item}, err
	})
}

func (db *DynamoDB) read(t *table, key Item, projection *string, names map[string]string) (Item, error) {
	db.count(page{scanned: 1})
	env, err := newEnv(names, nil, projection != nil)
	if err != nil {
		return nil, err
	}
	p, err := db.parsed.projection(projection)
	if err != nil {
		return nil, err
	}
	if err := p.Check(env); err != nil {
		return nil, err
	}
	if err := ddbexpr.CheckUsed(env, p); err != nil {
		return nil, err
	}
	if key, err = ddbexpr.CopyItem(key); err != nil {
		return nil, err
	}
	if err := t.checkKey(key); err != nil {
		return nil, err
	}
	item := t.records[t.id(key)].copy()
	if p != nil && item != nil {
		item = ddbexpr.Project(item, p.Paths(env))
	}
	return item, nil
}
