// Package store reads and writes the Runs table. Package records has the keys;
// here is a file for each record: the run, its jobs, its cluster attempts and its
// waiter. Every change of state is a conditional
// write, so late and duplicate events change nothing.
package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// DB is the part of DynamoDB that the records need; that of pipelines is scanned.
type DB interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Runs reads and writes the Runs table.
type Runs struct {
	DB    DB
	Table string

	skips records.Skips
	teams sync.Map // those that are known to be enlisted
}

// Load reads a run with all that belongs to it, consistently.
func (s *Runs) Load(ctx context.Context, id string) (*run.Record, error) {
	rec := &run.Record{}
	var found bool
	var objects []string
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String(records.PartitionName + " = :id"),
		ExpressionAttributeValues: item{":id": records.String(id)},
	}
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read run %s: %w", id, err)
		}
		for _, it := range page.Items {
			if records.Text(it[records.SortName]) == records.ObjectsSort {
				if err := attributevalue.Unmarshal(it["objects"], &objects); err != nil {
					return nil, fmt.Errorf("read objects of run %s: %w", id, err)
				}
				continue
			}
			if err := s.add(ctx, rec, it); err != nil {
				return nil, fmt.Errorf("read run %s: %w", id, err)
			}
			found = found || records.Text(it[records.SortName]) == records.RunSort
		}
	}
	if !found {
		return nil, fault.New(fault.InvalidInput, "%w", &run.UnknownError{ID: id})
	}
	rec.Run.Trigger.Objects = objects
	rec.Sort()
	return rec, nil
}

// add decodes an item of a run into its record. A pipeline that cannot be decoded is
// left out: then the run ends, and its capacity is released.
func (s *Runs) add(ctx context.Context, rec *run.Record, it item) error {
	switch sort := records.Text(it[records.SortName]); {
	case sort == records.RunSort:
		return decode(it, &rec.Run)
	case sort == records.SpecSort:
		spec := &pipeline.Spec{}
		if err := json.Unmarshal([]byte(records.Text(it["spec"])), spec); err != nil {
			s.skips.Skip(ctx, it, err)
			return nil
		}
		rec.Spec = spec
		return nil
	case sort == records.WaiterSort:
		rec.Waiter = &run.Waiter{}
		return decode(it, rec.Waiter)
	case sort == records.DataSort:
		rec.Data = &run.Data{}
		return decode(it, rec.Data)
	case sort == records.QueriesSort:
		rec.Queries = &run.Queries{}
		return decode(it, rec.Queries)
	case strings.HasPrefix(sort, records.JobPrefix):
		var j run.Job
		err := decode(it, &j)
		rec.Jobs = append(rec.Jobs, j)
		return err
	case strings.HasPrefix(sort, records.AttemptPrefix):
		var c run.Cluster
		err := decode(it, &c)
		rec.Clusters = append(rec.Clusters, c)
		return err
	}
	return nil
}
