// Package admission lets queued runs begin while the limits allow it: highest
// priority first, then the oldest.
package admission

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

// SlotAPI is the part of DynamoDB that slots need.
type SlotAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Slots holds, for the stage and for each pipeline, the set of runs that are
// under way. A set of ids, not a counter: taking or giving back twice changes
// nothing, so it cannot drift.
type Slots struct {
	DB    SlotAPI
	Table string // Clusters
}

// maxTries is how often a transaction that conflicts with another is tried.
const maxTries = 8

// scope is one limit: at most max runs at a time.
type scope struct {
	key records.Key
	max int
}

// Full says which limit had no room.
type Full struct{ Scope records.Key }

// take puts id into every scope and does the given write, all or nothing. It
// returns Full when a scope has no room, and false when the write's own
// condition failed.
func (s *Slots) take(ctx context.Context, id string, scopes []scope, write *types.Update) (*Full, bool, error) {
	in := &dynamodb.TransactWriteItemsInput{}
	for _, sc := range scopes {
		in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Update: &types.Update{
			TableName: &s.Table, Key: sc.key.Attributes(),
			UpdateExpression:    aws.String("ADD runs :set"),
			ConditionExpression: aws.String("attribute_not_exists(runs) OR size(runs) < :max OR contains(runs, :id)"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":set": &types.AttributeValueMemberSS{Value: []string{id}},
				":id":  &types.AttributeValueMemberS{Value: id},
				":max": &types.AttributeValueMemberN{Value: strconv.Itoa(sc.max)},
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
			if i < len(scopes) {
				return &Full{Scope: scopes[i].key}, false, nil
			}
			return nil, false, nil
		}
	}
	return nil, false, fmt.Errorf("take slots for run %s: %w", id, err)
}

// Release gives the slots of a run back, that of the stage at last: sweep looks
// there for what was forgotten.
func (s *Slots) Release(ctx context.Context, id, team, pipeline string) error {
	for _, key := range []records.Key{records.PipelineSlotsKey(pipeline), records.TeamSlotsKey(team), records.StageSlotsKey()} {
		_, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.Table, Key: key.Attributes(),
			UpdateExpression: aws.String("DELETE runs :set"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":set": &types.AttributeValueMemberSS{Value: []string{id}},
			},
		})
		if err != nil {
			return fmt.Errorf("release slot %s of run %s: %w", key.Partition, id, err)
		}
	}
	return nil
}

// All returns the runs that hold a slot of the stage.
func (s *Slots) All(ctx context.Context) ([]string, error) {
	return s.Holders(ctx, records.StageSlotsKey())
}

// Holders returns the runs that hold a slot of a scope.
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
