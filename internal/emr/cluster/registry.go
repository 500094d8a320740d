// Package cluster gets clusters and gives them back: it creates exactly one for
// an attempt, finds out whether it can run steps, and asks for its end.
package cluster

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/emr/pool"
	"ephemr/internal/records"
)

// TableAPI is the part of DynamoDB that the Registry needs.
type TableAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Registry keeps, for each cluster id, whose cluster it is. EMR's events name
// only the cluster.
type Registry struct {
	DB    TableAPI
	Table string
}

// Record is the item of a cluster in the Clusters table. Package pool has the
// type, because a pool's clusters are leased there.
type Record = pool.Cluster

// Put records a cluster.
func (r *Registry) Put(ctx context.Context, c Record) error {
	it, err := c.Encode()
	if err != nil {
		return err
	}
	if _, err := r.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &r.Table, Item: it}); err != nil {
		return fmt.Errorf("record cluster %s: %w", c.ID, err)
	}
	return nil
}

// Get returns the record of a cluster; without an ID the stage does not know it.
func (r *Registry) Get(ctx context.Context, clusterID string) (Record, error) {
	out, err := r.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &r.Table, ConsistentRead: aws.Bool(true), Key: records.ClusterKey(clusterID).Attributes(),
	})
	if err != nil {
		return Record{}, fmt.Errorf("look up cluster %s: %w", clusterID, err)
	}
	return pool.Decode(out.Item)
}

// Runs returns the runs that a cluster works for: the one that it was made for,
// or those that lease it from its pool. known is false if the stage does not
// know the cluster.
func (r *Registry) Runs(ctx context.Context, clusterID string) (ids []string, known bool, err error) {
	c, err := r.Get(ctx, clusterID)
	if err != nil || c.ID == "" {
		return nil, false, err
	}
	return c.Runs(), true, nil
}
