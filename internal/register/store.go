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
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// TableAPI is the part of DynamoDB that Store uses.
type TableAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Store is the Pipelines table; package records has its keys.
type Store struct {
	DB      TableAPI
	Table   string
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
	v := &Version{Number: r.Number, Digest: r.Digest, Paused: r.Paused, AppliedAt: r.AppliedAt}
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
	return r.version()
}

// Add makes spec the current version, unless the current version has the same
// digest.
func (s *Store) Add(ctx context.Context, spec pipeline.Spec, digest string, now time.Time) (*Version, bool, error) {
	before, err := s.Current(ctx, spec.Name)
	if err != nil {
		return nil, false, err
	}
	next := row{PK: spec.Name, Number: 1, Digest: digest, AppliedAt: now.UTC()}
	if before != nil {
		if before.Digest == digest {
			return before, false, nil
		}
		next.Number, next.Paused = before.Number+1, before.Paused
	}
	data, err := json.Marshal(spec)
	if err != nil {
		return nil, false, fmt.Errorf("encode pipeline %s: %w", spec.Name, err)
	}
	next.Spec = string(data)
	next.SK = records.CurrentVersionKey(spec.Name).Sort
	unchanged := records.Absent()
	if before != nil {
		unchanged = records.Is("number", before.Number)
	}
	if err := s.replace(ctx, next, unchanged); err != nil {
		return nil, false, err
	}
	// Only the caller that won writes the history. If that fails, the pipeline still works: runs keep their own copy.
	next.SK = records.VersionKey(spec.Name, next.Number).Sort
	if err := s.put(ctx, next); err != nil {
		return nil, false, err
	}
	v, err := next.version()
	return v, true, err
}

// put writes r without a condition.
func (s *Store) put(ctx context.Context, r row) error {
	it, err := r.encode()
	if err != nil {
		return err
	}
	if _, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Table, Item: it}); err != nil {
		return fmt.Errorf("write pipeline %s: %w", r.PK, err)
	}
	return nil
}

// replace writes r if the version before it is still the current one.
func (s *Store) replace(ctx context.Context, r row, unchanged expression.ConditionBuilder) error {
	it, err := r.encode()
	if err != nil {
		return err
	}
	changed, err := records.Put(ctx, s.DB, s.Table, it, unchanged)
	if err != nil {
		return fmt.Errorf("write pipeline %s: %w", r.PK, err)
	}
	if !changed {
		return overtaken(r.PK)
	}
	return nil
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

// Watch reconciles the items of spec's S3 triggers with spec.
func (s *Store) Watch(ctx context.Context, spec pipeline.Spec) error {
	byBucket := map[string][]watch{}
	for _, t := range spec.Triggers {
		if t.S3 == nil {
			continue
		}
		data, err := json.Marshal(t.S3)
		if err != nil {
			return fmt.Errorf("encode S3 trigger of %s: %w", spec.Name, err)
		}
		byBucket[t.S3.Bucket] = append(byBucket[t.S3.Bucket], watch{Prefix: t.S3.Prefix, Trigger: string(data)})
	}
	for _, bucket := range append(slices.Clone(s.Sources), Watched) {
		key := records.WatchKey(bucket, spec.Name)
		if len(byBucket[bucket]) > 0 {
			if err := s.put(ctx, row{PK: key.Partition, SK: key.Sort, Watches: byBucket[bucket]}); err != nil {
				return err
			}
			continue
		}
		if _, err := s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.Table, Key: key.Attributes()}); err != nil {
			return fmt.Errorf("remove S3 trigger of %s: %w", spec.Name, err)
		}
	}
	return nil
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
