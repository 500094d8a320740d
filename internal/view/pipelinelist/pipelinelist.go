// Package pipelinelist lists the registered pipelines of a stage.
package pipelinelist

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/records"
	"ephemr/internal/register"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// ScanAPI scans a table.
type ScanAPI interface {
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
}

// Pipeline is a registered pipeline.
type Pipeline struct {
	register.Version

	Due []calendar.Dates `json:"due,omitempty"` // of a paused one: what has become due
}

// List returns the current version of every pipeline, by name, without those that
// cannot be decoded: they are logged. The table is small, and has no index for this.
func List(ctx context.Context, api ScanAPI, table string) ([]Pipeline, error) {
	in := &dynamodb.ScanInput{
		TableName:        &table,
		FilterExpression: aws.String("sk = :current AND attribute_not_exists(deleted) OR begins_with(sk, :schedule) OR begins_with(sk, :retired)"),
		ExpressionAttributeValues: records.Item{
			":current": records.String(records.CurrentSort), ":schedule": records.String(records.SchedulePrefix), ":retired": records.String(records.RetiredPrefix),
		},
	}
	found, schedules := []Pipeline{}, map[string][]calendar.Schedule{}
	var skips records.Skips
	for p := dynamodb.NewScanPaginator(api, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list pipelines: %w", err)
		}
		for _, it := range page.Items {
			if records.Text(it[records.SortName]) != records.CurrentSort {
				var s calendar.Schedule
				if err := attributevalue.UnmarshalMap(it, &s); err != nil {
					skips.Skip(ctx, it, err)
					continue
				}
				schedules[s.Pipeline] = append(schedules[s.Pipeline], s)
				continue
			}
			v, err := register.Decode(it)
			if err != nil {
				skips.Skip(ctx, it, err)
				continue
			}
			found = append(found, Pipeline{Version: *v})
		}
	}
	slices.SortFunc(found, func(a, b Pipeline) int { return cmp.Compare(a.Spec.Name, b.Spec.Name) })
	return found, addDue(found, schedules, time.Now())
}

// addDue adds what has become due to the pipelines that are paused.
func addDue(found []Pipeline, schedules map[string][]calendar.Schedule, now time.Time) error {
	for i := range found {
		if !found[i].Paused {
			continue
		}
		for _, s := range schedules[found[i].Spec.Name] {
			d, err := s.DueDates(s, now)
			if err != nil {
				return fmt.Errorf("list dates that are due: %w", err)
			}
			if d.Due > 0 {
				found[i].Due = append(found[i].Due, d)
			}
		}
	}
	return nil
}
