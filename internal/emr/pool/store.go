package pool

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

// TableAPI is the part of DynamoDB that pools need.
type TableAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Store reads and writes the pools of the Clusters table.
type Store struct {
	DB    TableAPI
	Table string

	skips records.Skips
}

// Skipped returns the records that Clusters has skipped since the last call.
func (s *Store) Skipped() []records.Unreadable { return s.skips.Skipped() }

// Attributes with a set of strings: the cluster ids of a pool, and all pools that
// have any.
const (
	membersName = "clusters"
	poolsName   = "pools"
)

// keep is how long a record outlives its cluster's deadline.
const keep = 30 * 24 * time.Hour

type item = records.Item

func setKey(id ID) records.Key { return records.PoolKey(id.Team, id.Name) }

// Get returns a pool's cluster, or nil if there is none of that id.
func (s *Store) Get(ctx context.Context, clusterID string) (*Cluster, error) {
	it, err := s.read(ctx, records.ClusterKey(clusterID))
	if err != nil {
		return nil, err
	}
	return member(it)
}

// member decodes a cluster's item; nil means that it belongs to no pool.
func member(it item) (*Cluster, error) {
	c, err := Decode(it)
	if err != nil || c.Pool == "" {
		return nil, err
	}
	return &c, nil
}

func (s *Store) read(ctx context.Context, key records.Key) (item, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Table, Key: key.Attributes(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("read %s of the clusters table: %w", key.Partition, err)
	}
	return out.Item, nil
}

// Join adds a new cluster to its pool, once; doing it again changes nothing. The
// record is written last, because clusters are found by the sets: a member without
// a record has no effect, but a lease that is not found would never be released.
func (s *Store) Join(ctx context.Context, c Cluster) error {
	it, err := c.Encode()
	if err != nil {
		return err
	}
	if err := s.change(ctx, "ADD", setKey(c.PoolID()), membersName, c.ID); err != nil {
		return err
	}
	if err := s.change(ctx, "ADD", records.PoolsKey(), poolsName, c.Team+"#"+c.Pool); err != nil {
		return err
	}
	if _, err := records.Put(ctx, s.DB, s.Table, it, records.Absent()); err != nil {
		return fmt.Errorf("record cluster %s of pool %s: %w", c.ID, c.PoolID(), err)
	}
	return nil
}

// Leave removes a cluster from its pool, and the pool from the set of pools if it
// was the last. A cluster that joins at the same time adds the pool again, or is
// found here.
func (s *Store) Leave(ctx context.Context, id ID, clusterID string) error {
	if err := s.change(ctx, "DELETE", setKey(id), membersName, clusterID); err != nil {
		return err
	}
	left, err := s.Members(ctx, id)
	if err != nil || len(left) > 0 {
		return err
	}
	if err := s.change(ctx, "DELETE", records.PoolsKey(), poolsName, id.Team+"#"+id.Name); err != nil {
		return err
	}
	if left, err = s.Members(ctx, id); err != nil || len(left) == 0 {
		return err
	}
	return s.change(ctx, "ADD", records.PoolsKey(), poolsName, id.Team+"#"+id.Name)
}

// change adds a member to a set or removes it; doing it twice changes nothing.
func (s *Store) change(ctx context.Context, verb string, key records.Key, set, member string) error {
	_, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Table, Key: key.Attributes(),
		UpdateExpression: aws.String(verb + " #set :member"), ExpressionAttributeNames: map[string]string{"#set": set},
		ExpressionAttributeValues: item{":member": &types.AttributeValueMemberSS{Value: []string{member}}},
	})
	if err != nil {
		return fmt.Errorf("change %s of the clusters table: %w", key.Partition, err)
	}
	return nil
}

// Members are the ids of a pool's clusters, sorted.
func (s *Store) Members(ctx context.Context, id ID) ([]string, error) {
	return s.set(ctx, setKey(id), membersName)
}

// All returns the pools that have clusters, sorted.
func (s *Store) All(ctx context.Context) ([]ID, error) {
	names, err := s.set(ctx, records.PoolsKey(), poolsName)
	var all []ID
	for _, n := range names {
		team, name, _ := strings.Cut(n, "#")
		all = append(all, ID{team, name})
	}
	return all, err
}

func (s *Store) set(ctx context.Context, key records.Key, name string) ([]string, error) {
	it, err := s.read(ctx, key)
	if err != nil {
		return nil, err
	}
	set, ok := it[name].(*types.AttributeValueMemberSS)
	if !ok {
		return nil, nil
	}
	return slices.Sorted(slices.Values(set.Value)), nil
}

// Clusters returns the clusters of a pool, sorted by id, without those whose records
// cannot be decoded.
func (s *Store) Clusters(ctx context.Context, id ID) ([]Cluster, error) {
	ids, err := s.Members(ctx, id)
	if err != nil {
		return nil, err
	}
	var all []Cluster
	for _, clusterID := range ids {
		it, err := s.read(ctx, records.ClusterKey(clusterID))
		if err != nil {
			return nil, err
		}
		c, err := member(it)
		if err != nil {
			s.skips.Skip(ctx, it, err)
		} else if c != nil {
			all = append(all, *c)
		}
	}
	return all, nil
}

// update changes a cluster if cond holds and returns it as it is then, changed
// or not; nil means that it belongs to no pool.
func (s *Store) update(ctx context.Context, clusterID string, u expression.UpdateBuilder, cond expression.ConditionBuilder) (c *Cluster, changed bool, err error) {
	in, err := records.UpdateInput(s.Table, records.ClusterKey(clusterID), u, cond)
	if err != nil {
		return nil, false, fmt.Errorf("update pool cluster %s: %w", clusterID, err)
	}
	in.ReturnValues = types.ReturnValueAllNew
	it, changed, err := records.Apply(ctx, s.DB, in)
	if err != nil {
		return nil, false, fmt.Errorf("update pool cluster %s: %w", clusterID, err)
	}
	c, err = member(it)
	return c, changed, err
}
