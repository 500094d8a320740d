package records

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// UpdateAPI is the part of DynamoDB that changes items.
type UpdateAPI interface {
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// PutAPI is the part of DynamoDB that writes items.
type PutAPI interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// DeleteAPI is the part of DynamoDB that deletes items.
type DeleteAPI interface {
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// Update changes the item of key if cond holds. changed is false if it did not:
// another writer was faster, or the item does not exist.
func Update(
	ctx context.Context, db UpdateAPI, table string, key Key, u expression.UpdateBuilder, cond expression.ConditionBuilder,
) (changed bool, err error) {
	in, err := UpdateInput(table, key, u, cond)
	if err != nil {
		return false, err
	}
	_, changed, err = Apply(ctx, db, in)
	return changed, err
}

// UpdateInput is the input of Apply for callers that need the item.
func UpdateInput(table string, key Key, u expression.UpdateBuilder, cond expression.ConditionBuilder) (*dynamodb.UpdateItemInput, error) {
	e, err := expression.NewBuilder().WithUpdate(u).WithCondition(cond).Build()
	if err != nil {
		return nil, fmt.Errorf("build update: %w", err)
	}
	return &dynamodb.UpdateItemInput{
		TableName: &table, Key: key.Attributes(), UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}, nil
}

// Apply does a conditional update. item is what in asks for by ReturnValues if it
// was changed, and the item as it is if it was not.
func Apply(ctx context.Context, db UpdateAPI, in *dynamodb.UpdateItemInput) (item Item, changed bool, err error) {
	mark := newMark()
	out, err := db.UpdateItem(ctx, mark.update(in))
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return refused.Item, mark.on(refused.Item), nil
	}
	if err != nil {
		return nil, false, err
	}
	return out.Attributes, true, nil
}

// Put writes it over the item with the same key if cond holds; changed is false
// if it did not.
func Put(ctx context.Context, db PutAPI, table string, it Item, cond expression.ConditionBuilder) (changed bool, err error) {
	e, err := condition(cond)
	if err != nil {
		return false, err
	}
	mark := newMark()
	_, err = db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &table, Item: mark.put(it), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return mark.on(refused.Item), nil
	}
	return err == nil, err
}

// Delete removes the item of key if cond holds; changed is false if it did not.
// An item that is gone was removed, by this call or another.
func Delete(ctx context.Context, db DeleteAPI, table string, key Key, cond expression.ConditionBuilder) (changed bool, err error) {
	e, err := condition(cond)
	if err != nil {
		return false, err
	}
	_, err = db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &table, Key: key.Attributes(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return len(refused.Item) == 0, nil
	}
	return err == nil, err
}

// Absent holds when there is no item with the key.
func Absent() expression.ConditionBuilder {
	return expression.Name(PartitionName).AttributeNotExists()
}

// Present holds when there is an item with the key.
func Present() expression.ConditionBuilder { return expression.Name(PartitionName).AttributeExists() }

// Is holds when an attribute has a value.
func Is(name string, value any) expression.ConditionBuilder {
	return expression.Name(name).Equal(expression.Value(value))
}

// Conflicted reports whether err is DynamoDB's answer to a transaction that met another
// write of one of its items: it may be repeated.
func Conflicted(err error) bool {
	t, ok := errors.AsType[*types.TransactionCanceledException](err)
	return ok && slices.ContainsFunc(t.CancellationReasons, func(r types.CancellationReason) bool {
		return aws.ToString(r.Code) == "TransactionConflict"
	})
}

// ConditionFailed reports whether err is DynamoDB's answer to a condition that did
// not hold, in a single write or in a transaction.
func ConditionFailed(err error) bool {
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return true
	}
	if t, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		for _, r := range t.CancellationReasons {
			if aws.ToString(r.Code) == "ConditionalCheckFailed" {
				return true
			}
		}
	}
	return false
}
