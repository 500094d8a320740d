package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// encode marshals a record and adds its keys.
func encode(record any, id, sort string) (item, error) {
	it, err := attributevalue.MarshalMap(record)
	if err != nil {
		return nil, fmt.Errorf("encode %s of run %s: %w", sort, id, err)
	}
	it[pk], it[sk] = str(id), str(sort)
	it["ttl"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Add(keepHistory).Unix(), 10)}
	return it, nil
}

func set(u expression.UpdateBuilder, name string, value any) expression.UpdateBuilder {
	return u.Set(expression.Name(name), expression.Value(value))
}

func is(name string, value any) expression.ConditionBuilder {
	return expression.Name(name).Equal(expression.Value(value))
}

// update changes one item if cond holds; false says that it did not.
func (s *Runs) update(ctx context.Context, id, sort string, u expression.UpdateBuilder, cond expression.ConditionBuilder) (bool, error) {
	e, err := expression.NewBuilder().WithUpdate(u).WithCondition(cond).Build()
	if err != nil {
		return false, fmt.Errorf("build update of %s %s: %w", id, sort, err)
	}
	_, err = s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Table, Key: key(id, sort),
		UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	})
	switch {
	case refused(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("update %s of run %s: %w", sort, id, err)
	}
	return true, nil
}

// put writes one item if cond holds; false says that it did not.
func (s *Runs) put(ctx context.Context, it item, cond expression.ConditionBuilder) (bool, error) {
	e, err := expression.NewBuilder().WithCondition(cond).Build()
	if err != nil {
		return false, fmt.Errorf("build condition for %s: %w", text(it[sk]), err)
	}
	_, err = s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Table, Item: it, ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	})
	switch {
	case refused(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("write %s of run %s: %w", text(it[sk]), text(it[pk]), err)
	}
	return true, nil
}

// refused says whether err is DynamoDB's way to say that a condition did not
// hold, in a single write or in a transaction.
func refused(err error) bool {
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
