package statistics

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

// DB is the part of DynamoDB that statistics need.
type DB interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Store keeps statistics in the Runs table.
type Store struct {
	DB    DB
	Table string
}

const (
	columnsName = "columns" // the attribute with the columns, as JSON

	// keep is as long as the records of runs are kept.
	keep = 400 * 24 * time.Hour
)

func keyOf(s Statistics) records.Key {
	return records.StatisticsKey(s.Dataset, s.LogicalTime, s.RunID, s.Partition)
}

// Get returns the statistics that are recorded for the same run and output as s, or nil.
func (st *Store) Get(ctx context.Context, s Statistics) (*Statistics, error) {
	out, err := st.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &st.Table, Key: keyOf(s).Attributes(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("read statistics of %s: %w", s.Dataset, err)
	}
	if len(out.Item) == 0 {
		return nil, nil //nolint:nilnil // there are none
	}
	found, err := decode(out.Item)
	return &found, err
}

// Put records s, unless there are statistics of the same or a later start of the run;
// false means that there are.
func (st *Store) Put(ctx context.Context, s Statistics) (bool, error) {
	key := keyOf(s)
	it, err := attributevalue.MarshalMap(s)
	if err != nil {
		return false, fmt.Errorf("encode statistics of %s: %w", s.Dataset, err)
	}
	columns, err := json.Marshal(s.Columns)
	if err != nil {
		return false, fmt.Errorf("encode columns of %s: %w", s.Dataset, err)
	}
	it[columnsName] = records.String(string(columns))
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	it[records.TTLName] = &types.AttributeValueMemberN{Value: strconv.FormatInt(s.At.Add(keep).Unix(), 10)}
	first := records.Absent().Or(expression.Name("restart").LessThan(expression.Value(s.Restart)))
	ok, err := records.Put(ctx, st.DB, st.Table, it, first)
	if err != nil {
		return false, fmt.Errorf("write statistics of %s: %w", s.Dataset, err)
	}
	return ok, nil
}

// Newest visits the statistics of a dataset whose logical time is before a time, the
// newest first.
func (st *Store) Newest(ctx context.Context, dataset string, before time.Time) iter.Seq2[Statistics, error] {
	return func(yield func(Statistics, error) bool) {
		in := &dynamodb.QueryInput{
			TableName: &st.Table, ScanIndexForward: aws.Bool(false), ConsistentRead: aws.Bool(true),
			KeyConditionExpression: aws.String(records.PartitionName + " = :dataset AND " + records.SortName + " < :before"),
			ExpressionAttributeValues: records.Item{
				":dataset": records.String(records.StatisticsPartition(dataset)), ":before": records.String(records.TimeOrder(before, "")),
			},
		}
		for p := dynamodb.NewQueryPaginator(st.DB, in); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				yield(Statistics{}, fmt.Errorf("read statistics of %s: %w", dataset, err))
				return
			}
			for _, it := range page.Items {
				s, err := decode(it)
				if !yield(s, err) || err != nil {
					return
				}
			}
		}
	}
}

func decode(it records.Item) (s Statistics, _ error) {
	if err := attributevalue.UnmarshalMap(it, &s); err != nil {
		return s, fmt.Errorf("decode statistics %s: %w", records.Text(it[records.SortName]), err)
	}
	if err := json.Unmarshal([]byte(records.Text(it[columnsName])), &s.Columns); err != nil {
		return s, fmt.Errorf("decode columns of statistics %s: %w", records.Text(it[records.SortName]), err)
	}
	return s, nil
}
