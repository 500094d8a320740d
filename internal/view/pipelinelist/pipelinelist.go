// Package pipelinelist lists the registered pipelines of a stage.
package pipelinelist

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

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

// List returns the current version of every pipeline, by name. The table is
// small, and has no index for this.
func List(ctx context.Context, api ScanAPI, table string) ([]register.Version, error) {
	in := &dynamodb.ScanInput{
		TableName: &table, FilterExpression: aws.String("sk = :current AND attribute_not_exists(deleted)"),
		ExpressionAttributeValues: records.Item{":current": records.String(records.CurrentSort)},
	}
	found := []register.Version{}
	for p := dynamodb.NewScanPaginator(api, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list pipelines: %w", err)
		}
		var rows []struct {
			Name      string    `dynamodbav:"pk"`
			Number    int       `dynamodbav:"number"`
			Digest    string    `dynamodbav:"digest"`
			Paused    bool      `dynamodbav:"paused"`
			AppliedAt time.Time `dynamodbav:"appliedAt"`
			Spec      string    `dynamodbav:"spec"`
		}
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &rows); err != nil {
			return nil, fmt.Errorf("read pipelines: %w", err)
		}
		for _, r := range rows {
			v := register.Version{Number: r.Number, Digest: r.Digest, Paused: r.Paused, AppliedAt: r.AppliedAt}
			if err := json.Unmarshal([]byte(r.Spec), &v.Spec); err != nil {
				return nil, fmt.Errorf("read pipeline %s: %w", r.Name, err)
			}
			found = append(found, v)
		}
	}
	slices.SortFunc(found, func(a, b register.Version) int { return cmp.Compare(a.Spec.Name, b.Spec.Name) })
	return found, nil
}
