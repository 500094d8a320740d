package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Before returns runs of a pipeline with a logical time up to and including until, at most
// so many, the newest first. The index is eventually consistent.
func (s *Runs) Before(ctx context.Context, pipeline string, until time.Time, most int) (all []run.Run, _ error) {
	out, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Table, IndexName: aws.String(ByPipeline), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(most)), //nolint:gosec // it is small
		KeyConditionExpression: aws.String(records.PipelineName + " = :p AND " + records.PipelineOrderName + " < :until"),
		ExpressionAttributeValues: item{
			":p": records.String(pipeline), ":until": records.String(records.TimeOrder(until.Add(1), "")),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("list runs of %s: %w", pipeline, err)
	}
	for _, it := range out.Items {
		var r run.Run
		if err := decode(it, &r); err != nil {
			s.skips.Skip(ctx, it, err)
			continue
		}
		all = append(all, r)
	}
	return all, nil
}

// Follow records the chain of a run.
func (s *Runs) Follow(ctx context.Context, r run.Run, c run.Chain) error {
	mine := records.Is("state", run.Running).And(records.Is("execution", r.Execution))
	_, err := s.update(ctx, records.RunKey(r.ID), set(expression.UpdateBuilder{}, "chain", c), mine)
	return err
}
