package register

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// TableAPI is the part of DynamoDB that Store uses.
type TableAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store is the Pipelines table; package records has its keys.
type Store struct {
	DB      TableAPI
	Table   string
	Runs    string   // table of runs, for dates that are skipped when a pipeline is resumed
	Sources []string // buckets beside the lake whose objects are triggers

	skips records.Skips
}

// row is an item of the table. The spec is stored as JSON, as in items of runs.
type row struct {
	PK        string    `dynamodbav:"pk"`
	SK        string    `dynamodbav:"sk"`
	Number    int       `dynamodbav:"number,omitempty"`
	Digest    string    `dynamodbav:"digest,omitempty"`
	Paused    bool      `dynamodbav:"paused,omitempty"`
	PausedAt  time.Time `dynamodbav:"pausedAt,omitzero"`
	PausedWhy string    `dynamodbav:"pausedWhy,omitempty"`
	Resumed   string    `dynamodbav:"resumed,omitempty"` // with which catchup
	Deleted   bool      `dynamodbav:"deleted,omitempty"` // the item only keeps the last number
	DeletedAt time.Time `dynamodbav:"deletedAt,omitzero"`
	AppliedAt time.Time `dynamodbav:"appliedAt,omitzero"`
	Spec      string    `dynamodbav:"spec,omitempty"`
	Watches   []watch   `dynamodbav:"watches,omitempty"`
}

// watch is an S3 trigger of a pipeline. Earlier versions have stored prefix and suffix
// only.
type watch struct {
	Prefix  string `dynamodbav:"prefix"`
	Suffix  string `dynamodbav:"suffix"`
	Trigger string `dynamodbav:"trigger,omitempty"` // JSON
}

func (w watch) trigger(bucket string) (t pipeline.S3Trigger, err error) {
	if w.Trigger == "" {
		return pipeline.S3Trigger{Bucket: bucket, Prefix: w.Prefix, Suffix: pipeline.Texts{w.Suffix}}, nil
	}
	err = json.Unmarshal([]byte(w.Trigger), &t)
	return t, err
}

// Watcher is a pipeline with the first of its S3 triggers that matches an object.
type Watcher struct {
	Pipeline string
	Trigger  pipeline.S3Trigger
	Match    pipeline.Match
}

func (r row) version() (*Version, error) {
	v := &Version{Number: r.Number, Digest: r.Digest, Paused: r.Paused, PausedAt: r.PausedAt, PausedWhy: r.PausedWhy, ResumedWith: pipeline.Catchup(r.Resumed), AppliedAt: r.AppliedAt}
	if err := json.Unmarshal([]byte(r.Spec), &v.Spec); err != nil {
		return nil, fmt.Errorf("read pipeline %s: %w", r.PK, err)
	}
	return v, nil
}

// Current returns the newest version of a pipeline, or nil if there is none.
func (s *Store) Current(ctx context.Context, name string) (*Version, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no name, no pipeline
	}
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true),
		Key: records.CurrentVersionKey(name).Attributes(),
	})
	if err != nil {
		return nil, fmt.Errorf("look up pipeline %s: %w", name, err)
	}
	if out.Item == nil {
		return nil, nil //nolint:nilnil // unknown is a valid answer
	}
	return Decode(out.Item)
}

// Decode reads the item of a version.
func Decode(it records.Item) (*Version, error) {
	var r row
	if err := attributevalue.UnmarshalMap(it, &r); err != nil {
		return nil, fmt.Errorf("read pipeline %s: %w", records.Text(it[records.PartitionName]), err)
	}
	if r.Deleted {
		return nil, nil //nolint:nilnil // unknown is a valid answer
	}
	return r.version()
}

func (r row) encode() (records.Item, error) {
	it, err := attributevalue.MarshalMap(r)
	if err != nil {
		return nil, fmt.Errorf("encode pipeline %s: %w", r.PK, err)
	}
	return it, nil
}

func overtaken(name string) error {
	return fault.New(fault.Conflict, "pipeline %s was applied by another caller at the same time; apply again", name)
}

// Watched is the zone whose uploads start runs: the only zone that sends events.
const Watched = "raw"

// watchWrites are the writes after which the items of a pipeline's S3 triggers, one for
// each source, are those of spec; none if they are already.
func (s *Store) watchWrites(ctx context.Context, spec *pipeline.Spec) ([]types.TransactWriteItem, error) {
	bySource := map[string][]watch{}
	for _, t := range spec.Triggers {
		if t.S3 == nil {
			continue
		}
		data, err := json.Marshal(t.S3)
		if err != nil {
			return nil, fmt.Errorf("encode S3 trigger of %s: %w", spec.Name, err)
		}
		bySource[t.S3.Bucket] = append(bySource[t.S3.Bucket], watch{Prefix: t.S3.Prefix, Trigger: string(data)})
	}
	var writes []types.TransactWriteItem
	for _, source := range append(slices.Clone(s.Sources), Watched) {
		more, err := s.watchWrite(ctx, records.WatchKey(source, spec.Name), bySource[source])
		if err != nil {
			return nil, fmt.Errorf("S3 triggers of %s: %w", spec.Name, err)
		}
		writes = append(writes, more...)
	}
	return writes, nil
}

// watchWrite is the write after which the item of one source has the triggers.
func (s *Store) watchWrite(ctx context.Context, key records.Key, triggers []watch) ([]types.TransactWriteItem, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Table, ConsistentRead: aws.Bool(true), Key: key.Attributes()})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", key.Partition, err)
	case len(triggers) == 0 && out.Item == nil:
		return nil, nil
	case len(triggers) == 0:
		return []types.TransactWriteItem{{Delete: &types.Delete{TableName: &s.Table, Key: key.Attributes()}}}, nil
	}
	it, err := (row{PK: key.Partition, SK: key.Sort, Watches: triggers}).encode()
	if err != nil || same(it, out.Item) {
		return nil, err
	}
	return []types.TransactWriteItem{{Put: &types.Put{TableName: &s.Table, Item: it}}}, nil
}

// Watching returns the pipelines that an object of a zone or another source is of use
// to, sorted, without those whose records cannot be decoded.
func (s *Store) Watching(ctx context.Context, zone, key string, size int64) ([]Watcher, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :zone"),
		ExpressionAttributeValues: records.Item{":zone": records.String(records.WatchPartition(zone))},
	}
	var all []Watcher
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list S3 triggers of %s: %w", zone, err)
		}
		for _, it := range page.Items {
			var r row
			if err := attributevalue.UnmarshalMap(it, &r); err != nil {
				s.skips.Skip(ctx, it, err)
				continue
			}
			w, err := r.watcher(zone, key, size)
			if err != nil {
				s.skips.Skip(ctx, it, err)
				continue
			}
			if w.Match != pipeline.NoMatch {
				all = append(all, w)
			}
		}
	}
	slices.SortFunc(all, func(a, b Watcher) int { return strings.Compare(a.Pipeline, b.Pipeline) })
	return all, nil
}

// watcher is the first trigger of r that matches an object.
func (r row) watcher(zone, key string, size int64) (Watcher, error) {
	for _, w := range r.Watches {
		t, err := w.trigger(zone)
		if err != nil {
			return Watcher{}, fmt.Errorf("read S3 triggers of %s: %w", r.SK, err)
		}
		if m := t.Match(key, size); m != pipeline.NoMatch {
			return Watcher{Pipeline: r.SK, Trigger: t, Match: m}, nil
		}
	}
	return Watcher{}, nil
}

// Unreadable returns the records of what uploads start that cannot be decoded:
// Watching skips them.
func (s *Store) Unreadable(ctx context.Context) ([]records.Unreadable, error) {
	for _, source := range append([]string{Watched}, s.Sources...) {
		if _, err := s.Watching(ctx, source, "", 0); err != nil {
			return s.skips.Skipped(), err
		}
	}
	return s.skips.Skipped(), nil
}
