// Package pipelinelist lists the registered pipelines of a stage.
package pipelinelist

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"ephemr/internal/records"
	"ephemr/internal/register"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// ScanAPI scans a table.
type ScanAPI interface {
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
}

// List returns the current version of every pipeline, by name, without those that
// cannot be decoded: they are logged. The table is small, and has no index for this.
func List(ctx context.Context, api ScanAPI, table string) ([]register.Version, error) {
	in := &dynamodb.ScanInput{
		TableName: &table, FilterExpression: aws.String("sk = :current"),
		ExpressionAttributeValues: records.Item{":current": records.String(records.CurrentSort)},
	}
	found := []register.Version{}
	var skips records.Skips
	for p := dynamodb.NewScanPaginator(api, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list pipelines: %w", err)
		}
		for _, it := range page.Items {
			v, err := register.Decode(it)
			if err != nil {
				skips.Skip(ctx, it, err)
				continue
			}
			found = append(found, *v)
		}
	}
	slices.SortFunc(found, func(a, b register.Version) int { return cmp.Compare(a.Spec.Name, b.Spec.Name) })
	return found, nil
}
