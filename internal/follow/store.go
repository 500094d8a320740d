package follow

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

// QueryAPI is the part of DynamoDB that reads several items.
type QueryAPI interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// TableAPI is the part of DynamoDB that Store uses.
type TableAPI interface {
	QueryAPI
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store has the successes, and the runs that are due of paused pipelines, in the Runs table.
type Store struct {
	DB        TableAPI
	Table     string // of runs
	Pipelines string // table of pipelines
}

// keep is how long items are kept: as long as runs.
const keep = 400 * 24 * time.Hour

// Record keeps a success. It can be repeated.
func (s *Store) Record(ctx context.Context, x Success) error {
	it, err := encode(x, records.SuccessKey(x.Pipeline, x.LogicalTime, x.RunID), x.EndedAt)
	if err != nil {
		return err
	}
	if _, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Table, Item: it}); err != nil {
		return fmt.Errorf("record success of %s: %w", x.RunID, err)
	}
	return nil
}

func encode(record any, key records.Key, at time.Time) (records.Item, error) {
	it, err := attributevalue.MarshalMap(record)
	if err != nil {
		return nil, fmt.Errorf("encode %s of %s: %w", key.Sort, key.Partition, err)
	}
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	it[records.TTLName] = &types.AttributeValueMemberN{Value: strconv.FormatInt(at.Add(keep).Unix(), 10)}
	return it, nil
}

// Before visits the successes of a pipeline with a logical time from from up to and not
// including until, the latest first, until visit returns false. It reads at most page at a
// time.
func (s *Store) Before(ctx context.Context, pipeline string, from, until time.Time, page int32, visit func(Success) bool) error {
	return query(ctx, s.DB, &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false), Limit: &page,
		KeyConditionExpression: aws.String("pk = :p AND sk BETWEEN :from AND :until"),
		ExpressionAttributeValues: records.Item{
			":p": records.String(records.SuccessPartition(pipeline)), ":from": records.String(records.TimeOrder(from, "")), ":until": records.String(records.TimeOrder(until, "")),
		},
	}, func(it records.Item) (bool, error) {
		var x Success
		if err := attributevalue.UnmarshalMap(it, &x); err != nil {
			return false, fmt.Errorf("decode success of %s: %w", pipeline, err)
		}
		return visit(x), nil
	})
}

func query(ctx context.Context, db QueryAPI, in *dynamodb.QueryInput, visit func(records.Item) (bool, error)) error {
	for p := dynamodb.NewQueryPaginator(db, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("query %s: %w", *in.TableName, err)
		}
		for _, it := range page.Items {
			if more, err := visit(it); !more || err != nil {
				return err
			}
		}
	}
	return nil
}
