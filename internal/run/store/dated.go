package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Dated visits the runs of a pipeline with a logical time from from up to and including
// until, in this order. The index is eventually consistent.
func (s *Runs) Dated(ctx context.Context, pipeline string, from, until time.Time, visit func(run.Run) error) error {
	return s.visit(ctx, &dynamodb.QueryInput{
		TableName: &s.Table, IndexName: aws.String(ByPipeline),
		KeyConditionExpression: aws.String(records.PipelineName + " = :p AND " + records.PipelineOrderName + " BETWEEN :from AND :until"),
		ExpressionAttributeValues: item{
			":p": records.String(pipeline), ":from": records.String(records.TimeOrder(from, "")), ":until": records.String(records.TimeOrder(until.Add(1), "")),
		},
	}, visit)
}
