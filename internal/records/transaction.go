package records

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// PutWrite is the write of it, for a transaction that fails unless cond holds. Its answer
// contains the item that was there.
func PutWrite(table string, it Item, cond expression.ConditionBuilder) (types.TransactWriteItem, error) {
	e, err := condition(cond)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &table, Item: it, ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, nil
}

// UpdateWrite is the update of the item of key, for a transaction that fails unless cond
// holds.
func UpdateWrite(table string, key Key, u expression.UpdateBuilder, cond expression.ConditionBuilder) (types.TransactWriteItem, error) {
	in, err := UpdateInput(table, key, u, cond)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression, ConditionExpression: in.ConditionExpression,
		ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
	}}, nil
}

// DeleteWrite removes the item of key, in a transaction that fails unless cond holds.
func DeleteWrite(table string, key Key, cond expression.ConditionBuilder) (types.TransactWriteItem, error) {
	e, err := condition(cond)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName: &table, Key: key.Attributes(), ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}}, nil
}

// CheckWrite makes a transaction fail unless cond holds for the item of key.
func CheckWrite(table string, key Key, cond expression.ConditionBuilder) (types.TransactWriteItem, error) {
	e, err := condition(cond)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &table, Key: key.Attributes(), ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}}, nil
}

func condition(cond expression.ConditionBuilder) (expression.Expression, error) {
	e, err := expression.NewBuilder().WithCondition(cond).Build()
	if err != nil {
		return e, fmt.Errorf("build condition: %w", err)
	}
	return e, nil
}
