// Package pipelines is ephemr pipelines: it lists what is registered.
package pipelines

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/register"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// ScanAPI reads a table from end to end.
type ScanAPI interface {
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
}

// Options of the command.
type Options struct{ JSON bool }

// Run prints the current versions. With JSON that is an array of register.Version.
func Run(ctx context.Context, o Options, io *terminal.IO, api ScanAPI, table string) error {
	found, err := List(ctx, api, table)
	if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(found)
	}
	if len(found) == 0 {
		io.Notef("no pipelines; ephemr apply FILE registers one\n")
		return nil
	}
	now := time.Now()
	var rows [][]string
	for _, v := range found {
		state := io.OutStyle().Green("active")
		if v.Paused {
			state = io.OutStyle().Yellow("paused")
		}
		rows = append(rows, []string{
			v.Spec.Name, fmt.Sprint(v.Number), state, terminal.Ago(v.AppliedAt, now), fmt.Sprint(len(v.Spec.Jobs)), triggers(v.Spec), v.Spec.Owner,
			terminal.OneLine(v.Spec.Description),
		})
	}
	io.Table([]string{"PIPELINE", "VERSION", "STATE", "APPLIED", "JOBS", "TRIGGERS", "OWNER", "DESCRIPTION"}, rows)
	return nil
}

func triggers(s pipeline.Spec) string {
	var all []string
	for _, t := range s.Triggers {
		switch {
		case t.S3 != nil:
			all = append(all, "s3://"+t.S3.Bucket+"/"+t.S3.Prefix+"*"+t.S3.Suffix)
		default:
			all = append(all, strings.TrimSpace(t.Schedule+" "+t.Timezone))
		}
	}
	return strings.Join(all, ", ")
}

// List returns the current version of every pipeline, by name. The table is
// small, and has no index for this.
func List(ctx context.Context, api ScanAPI, table string) ([]register.Version, error) {
	in := &dynamodb.ScanInput{
		TableName: &table, FilterExpression: aws.String("sk = :current"),
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
