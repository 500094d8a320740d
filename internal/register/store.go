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
	DB    TableAPI
	Table string
	Runs  string // table of runs, for dates that are skipped when a pipeline is resumed

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
	Deleted   bool      `dynamodbav:"deleted,omitempty"` // the item only keeps the last number
	DeletedAt time.Time `dynamodbav:"deletedAt,omitzero"`
	AppliedAt time.Time `dynamodbav:"appliedAt,omitzero"`
	Spec      string    `dynamodbav:"spec,omitempty"`
	Watches   []watch   `dynamodbav:"watches,omitempty"`
}

type watch struct {
	Prefix string `dynamodbav:"prefix"`
	Suffix string `dynamodbav:"suffix"`
}

func (r row) version() (*Version, error) {
	v := &Version{Number: r.Number, Digest: r.Digest, Paused: r.Paused, PausedAt: r.PausedAt, PausedWhy: r.PausedWhy, AppliedAt: r.AppliedAt}
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

// watchWrite is the write after which the item of a pipeline's S3 triggers is that of
// spec; none if it is already.
func (s *Store) watchWrite(ctx context.Context, spec *pipeline.Spec) ([]types.TransactWriteItem, error) {
	key := records.WatchKey(Watched, spec.Name)
	want := row{PK: key.Partition, SK: key.Sort}
	for _, t := range spec.Triggers {
		if t.S3 != nil && t.S3.Bucket == Watched {
			want.Watches = append(want.Watches, watch{Prefix: t.S3.Prefix, Suffix: t.S3.Suffix})
		}
	}
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Table, ConsistentRead: aws.Bool(true), Key: key.Attributes()})
	if err != nil {
		return nil, fmt.Errorf("look up S3 triggers of %s: %w", spec.Name, err)
	}
	if len(want.Watches) == 0 && out.Item == nil {
		return nil, nil
	}
	if len(want.Watches) == 0 {
		return []types.TransactWriteItem{{Delete: &types.Delete{TableName: &s.Table, Key: key.Attributes()}}}, nil
	}
	it, err := want.encode()
	if err != nil || same(it, out.Item) {
		return nil, err
	}
	return []types.TransactWriteItem{{Put: &types.Put{TableName: &s.Table, Item: it}}}, nil
}

// Watching returns the pipelines that an upload of key to zone starts, sorted,
// without those whose records cannot be decoded.
func (s *Store) Watching(ctx context.Context, zone, key string) ([]string, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :zone"),
		ExpressionAttributeValues: records.Item{":zone": records.String(records.WatchPartition(zone))},
	}
	var names []string
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
			if slices.ContainsFunc(r.Watches, func(w watch) bool {
				return strings.HasPrefix(key, w.Prefix) && strings.HasSuffix(key, w.Suffix)
			}) {
				names = append(names, r.SK)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// Unreadable returns the records of what uploads start that cannot be decoded:
// Watching skips them.
func (s *Store) Unreadable(ctx context.Context) ([]records.Unreadable, error) {
	_, err := s.Watching(ctx, Watched, "")
	return s.skips.Skipped(), err
}
