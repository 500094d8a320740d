package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
)

// Entries returns what pipelines have taken of an object, the oldest first: all of its
// versions, of one pipeline or of all ("").
func (s *Store) Entries(ctx context.Context, bucket, key, pipelineName string) (all []Entry, _ error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :object"),
		ExpressionAttributeValues: records.Item{":object": records.String(records.ObjectPartition(bucket, key))},
	}
	if pipelineName != "" {
		in.KeyConditionExpression = aws.String("pk = :object AND begins_with(sk, :pipeline)")
		in.ExpressionAttributeValues[":pipeline"] = records.String(records.ObjectKey(bucket, key, pipelineName, "").Sort)
	}
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look up s3://%s/%s: %w", bucket, key, err)
		}
		for _, it := range page.Items {
			var e Entry
			if err := attributevalue.UnmarshalMap(it, &e); err != nil {
				return nil, fmt.Errorf("read entry of s3://%s/%s: %w", bucket, key, err)
			}
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return byTime(a.Object, b.Object) })
	return all, nil
}

// Has reports whether one of the entries is of o, which a listing has shown. Listings of a
// bucket without versions have no sequencer, so that the content and the time decide; a
// bucket may also keep versions only since the event.
func Has(entries []Entry, pipelineName string, o Object) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool {
		switch {
		case e.Pipeline != pipelineName:
			return false
		case o.isVersioned() && e.isVersioned():
			return e.Version == o.Version
		}
		return e.ETag == o.ETag && e.Time.After(o.Time.Add(-sameUpload))
	})
}
