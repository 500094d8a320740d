// Package pipelinelist lists the registered pipelines of a stage.
package pipelinelist

import (
	"cmp"
	"context"
	"encoding/json"
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

// entry is an item of the table: a version or a schedule.
type entry struct {
	calendar.Schedule

	Number    int       `dynamodbav:"number"`
	Digest    string    `dynamodbav:"digest"`
	Paused    bool      `dynamodbav:"paused"`
	PausedAt  time.Time `dynamodbav:"pausedAt"`
	PausedWhy string    `dynamodbav:"pausedWhy"`
	AppliedAt time.Time `dynamodbav:"appliedAt"`
	Spec      string    `dynamodbav:"spec"`
}

// List returns the current version of every pipeline, by name. The table is
// small, and has no index for this.
func List(ctx context.Context, api ScanAPI, table string) ([]Pipeline, error) {
	in := &dynamodb.ScanInput{
		TableName:        &table,
		FilterExpression: aws.String("sk = :current AND attribute_not_exists(deleted) OR begins_with(sk, :schedule) OR begins_with(sk, :retired)"),
		ExpressionAttributeValues: records.Item{
			":current": records.String(records.CurrentSort), ":schedule": records.String(records.SchedulePrefix), ":retired": records.String(records.RetiredPrefix),
		},
	}
	found, schedules := []Pipeline{}, map[string][]calendar.Schedule{}
	for p := dynamodb.NewScanPaginator(api, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list pipelines: %w", err)
		}
		var all []entry
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &all); err != nil {
			return nil, fmt.Errorf("read pipelines: %w", err)
		}
		for _, e := range all {
			if e.Sort != records.CurrentSort {
				schedules[e.Pipeline] = append(schedules[e.Pipeline], e.Schedule)
				continue
			}
			v := register.Version{Number: e.Number, Digest: e.Digest, Paused: e.Paused, PausedAt: e.PausedAt, PausedWhy: e.PausedWhy, AppliedAt: e.AppliedAt}
			if err := json.Unmarshal([]byte(e.Spec), &v.Spec); err != nil {
				return nil, fmt.Errorf("read pipeline %s: %w", e.Pipeline, err)
			}
			found = append(found, Pipeline{Version: v})
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
