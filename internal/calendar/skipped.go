package calendar

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
)

// earlierSpans is how many spans that begin before a time are read to find those that
// reach it: those of one schedule do not overlap.
const earlierSpans = 100

// Skipped returns the spans of skipped dates of a pipeline that reach into the time from
// from up to and including until, newest first.
func (s *Store) Skipped(ctx context.Context, pipeline string, from, until time.Time) ([]Skipped, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Runs, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression: aws.String("pk = :skipped AND sk < :later"),
		ExpressionAttributeValues: records.Item{
			":skipped": records.String(records.SkippedPartition(pipeline)), ":later": records.String(records.TimeOrder(until.Add(1), "")),
		},
	}
	found, earlier := []Skipped{}, 0
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages() && earlier < earlierSpans; {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read skipped dates of %s: %w", pipeline, err)
		}
		var all []Skipped
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &all); err != nil {
			return nil, fmt.Errorf("decode skipped dates of %s: %w", pipeline, err)
		}
		for _, k := range all {
			if k.First.Before(from) {
				earlier++
			}
			if !k.Last.Before(from) {
				found = append(found, k)
			}
		}
	}
	return found, nil
}
