// Package cluster gets clusters and gives them back: it creates exactly one for
// an attempt, finds out whether it can run steps, and asks for its end.
package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/emr/pool"
	"ephemr/internal/records"
	"ephemr/internal/run"
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

// Entry is what the Clusters table knows of a cluster, a single run's or a
// pool's. What only pools need of theirs is in pool.Cluster.
type Entry struct {
	ID        string      `dynamodbav:"pk" json:"clusterId"`
	RunID     string      `dynamodbav:"runId" json:"runId"`
	Attempt   int         `dynamodbav:"attempt" json:"attempt"`
	Name      string      `dynamodbav:"name" json:"name"`
	CreatedAt time.Time   `dynamodbav:"createdAt" json:"createdAt"`
	Deadline  time.Time   `dynamodbav:"deadline" json:"deadline"`
	TTL       int64       `dynamodbav:"ttl" json:"-"`
	Pipeline  string      `dynamodbav:"pipeline,omitempty" json:"pipeline,omitempty"` // of RunID
	Pool      string      `dynamodbav:"pool,omitempty" json:"pool,omitempty"`         // "" = RunID alone has it
	Team      string      `dynamodbav:"team,omitempty" json:"team,omitempty"`         // whose it is, as run.Run.PoolOwner
	AdHoc     bool        `dynamodbav:"adHoc,omitempty" json:"adHoc,omitempty"`       // its pipeline is not registered
	Profile   string      `dynamodbav:"profile,omitempty" json:"profile,omitempty"`
	Release   string      `dynamodbav:"release,omitempty" json:"release,omitempty"` // of EMR
	Units     []run.Units `dynamodbav:"units,omitempty" json:"units,omitempty"`     // for the cost

	Service  string    `dynamodbav:"service,omitempty" json:"-"` // of Cloud Map, id; "" = not registered there
	ListedAt time.Time `dynamodbav:"listedAt,omitempty" json:"-"`
	EndedAt  time.Time `dynamodbav:"endedAt,omitempty" json:"endedAt,omitzero"` // when its end was asked for or seen: it is registered no more
}

// keep is how long an entry outlives its cluster's deadline.
const keep = 30 * 24 * time.Hour

// Put records a cluster.
func (r *Registry) Put(ctx context.Context, e Entry) error {
	e.TTL = e.Deadline.Add(keep).Unix()
	it, err := attributevalue.MarshalMapWithOptions(e, func(o *attributevalue.EncoderOptions) { o.OmitEmptyTime = true })
	if err != nil {
		return fmt.Errorf("encode cluster %s: %w", e.ID, err)
	}
	if _, err := r.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &r.Table, Item: it}); err != nil {
		return fmt.Errorf("record cluster %s: %w", e.ID, err)
	}
	return nil
}

// Get returns what is known of a cluster; without an id it is not one of ours.
func (r *Registry) Get(ctx context.Context, clusterID string) (Entry, error) {
	var e Entry
	out, err := r.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &r.Table, ConsistentRead: aws.Bool(true), Key: records.ClusterKey(clusterID).Attributes()})
	if err != nil {
		return e, fmt.Errorf("look up cluster %s: %w", clusterID, err)
	}
	if err := attributevalue.UnmarshalMap(out.Item, &e); err != nil {
		return e, fmt.Errorf("read cluster %s: %w", clusterID, err)
	}
	return e, nil
}

// Runs returns the runs that a cluster works for: the one that it was made for,
// or those that lease it from its pool. known is false if it is not one of ours.
func (r *Registry) Runs(ctx context.Context, clusterID string) (ids []string, known bool, err error) {
	out, err := r.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &r.Table, ConsistentRead: aws.Bool(true),
		Key: records.ClusterKey(clusterID).Attributes(),
	})
	if err != nil {
		return nil, false, fmt.Errorf("look up cluster %s: %w", clusterID, err)
	}
	if len(out.Item) == 0 {
		return nil, false, nil
	}
	var c pool.Cluster
	if err := attributevalue.UnmarshalMap(out.Item, &c); err != nil {
		return nil, false, fmt.Errorf("read cluster %s: %w", clusterID, err)
	}
	if c.Pool == "" {
		return []string{c.RunID}, true, nil
	}
	return c.Runs(), true, nil
}
