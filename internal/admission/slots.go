// Package admission starts queued runs while the limits allow it: highest priority
// first, then the oldest. Tested here and by internal/proof/simulation.
package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// SlotAPI is the part of DynamoDB that slots need.
type SlotAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Slots holds, for the stage, each team and each pipeline, the set of runs that
// are admitted and have not ended, by the names of their executions: a late release
// does not take the slot of a retry. A set, not a counter: taking or releasing a slot
// twice changes nothing, so it cannot drift.
type Slots struct {
	DB    SlotAPI
	Table string // Clusters
}

// maxTries bounds the retries of a transaction that conflicts with another.
const maxTries = 8

// Full is the limit that is reached.
type Full struct{ Scope records.Key }

// take counts holder against all limits and does the given write, all or nothing. It
// returns Full when a limit is reached, and false when the write's own condition failed.
func (s *Slots) take(ctx context.Context, holder string, limits []Limit, write *types.Update) (*Full, bool, error) {
	in := &dynamodb.TransactWriteItemsInput{}
	for _, l := range limits {
		in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Update: &types.Update{
			TableName: &s.Table, Key: l.Key.Attributes(),
			UpdateExpression:    aws.String("ADD runs :set"),
			ConditionExpression: aws.String("attribute_not_exists(closed) AND (attribute_not_exists(runs) OR size(runs) < :max OR contains(runs, :id))"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":set": &types.AttributeValueMemberSS{Value: []string{holder}},
				":id":  &types.AttributeValueMemberS{Value: holder},
				":max": &types.AttributeValueMemberN{Value: strconv.Itoa(l.Max)},
			},
		}})
	}
	in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Update: write})
	var err error
	for range maxTries {
		if _, err = s.DB.TransactWriteItems(ctx, in); err == nil {
			return nil, true, nil
		}
		t, ok := errors.AsType[*types.TransactionCanceledException](err)
		if !ok {
			break
		}
		for i, r := range t.CancellationReasons {
			if aws.ToString(r.Code) != "ConditionalCheckFailed" {
				continue
			}
			if i < len(limits) {
				return &Full{Scope: limits[i].Key}, false, nil
			}
			return nil, false, nil
		}
	}
	return nil, false, fmt.Errorf("take slots for %s: %w", holder, err)
}

// Release releases the slots of a holder, which is an execution of r, that of the stage
// last: sweep finds there those whose slots were not all released.
func (s *Slots) Release(ctx context.Context, holder string, r run.Run) error {
	for _, key := range slices.Backward(keys(r)) {
		_, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.Table, Key: key.Attributes(),
			UpdateExpression: aws.String("DELETE runs :set"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":set": &types.AttributeValueMemberSS{Value: []string{holder}},
			},
		})
		if err != nil {
			return fmt.Errorf("release slot %s of %s: %w", key.Partition, holder, err)
		}
	}
	return nil
}

// All returns the names of the executions that hold a slot of the stage.
func (s *Slots) All(ctx context.Context) ([]string, error) {
	return s.Holders(ctx, records.StageSlotsKey())
}

// Holders returns the names of the executions that hold a slot of a scope.
func (s *Slots) Holders(ctx context.Context, key records.Key) ([]string, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Table, Key: key.Attributes(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("read slots %s: %w", key.Partition, err)
	}
	if set, ok := out.Item["runs"].(*types.AttributeValueMemberSS); ok {
		return set.Value, nil
	}
	return nil, nil
}
