package store

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// InState visits the runs in a state: QUEUED runs in the order of admission, others
// by time. The index is eventually consistent.
func (s *Runs) InState(ctx context.Context, state run.State, visit func(run.Run) error) error {
	return s.eachPartition(ctx, state, func(partition string) error { return s.visit(ctx, s.inState(partition), visit) })
}

// visit visits the runs that in selects.
func (s *Runs) visit(ctx context.Context, in *dynamodb.QueryInput, visit func(run.Run) error) error {
	return s.query(ctx, in, func(it item) error {
		var r run.Run
		if err := decode(it, &r); err != nil {
			s.skip(ctx, it, err)
			return nil
		}
		return visit(r)
	})
}

// eachPartition visits the partitions of the index that hold runs in state.
func (s *Runs) eachPartition(ctx context.Context, state run.State, visit func(string) error) error {
	if state != run.Queued {
		return visit(string(state))
	}
	teams, err := s.Teams(ctx)
	if err != nil {
		return err
	}
	for _, team := range teams {
		if err := visit(queueOf(team)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Runs) byState(ctx context.Context, state string, visit func(item) error) error {
	return s.query(ctx, s.inState(state), visit)
}

func (s *Runs) inState(partition string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &s.Table, IndexName: aws.String(ByState),
		KeyConditionExpression:    aws.String(records.StateName + " = :state"),
		ExpressionAttributeValues: item{":state": records.String(partition)},
	}
}

// query visits every item that in selects.
func (s *Runs) query(ctx context.Context, in *dynamodb.QueryInput, visit func(item) error) error {
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("query %s: %w", s.Table, err)
		}
		for _, it := range page.Items {
			if err := visit(it); err != nil {
				return err
			}
		}
	}
	return nil
}

// List returns runs of a pipeline or in a state, newest first.
func (s *Runs) List(ctx context.Context, q run.Query) ([]run.Run, error) {
	if q.Pipeline != "" {
		return s.list(ctx, q, "")
	}
	var runs []run.Run
	err := s.eachPartition(ctx, q.State, func(partition string) error {
		more, err := s.list(ctx, q, partition)
		runs = append(runs, more...)
		return err
	})
	return runs[:min(len(runs), q.Limit)], err
}

// list returns runs of q's pipeline, or of a partition of the index byState.
func (s *Runs) list(ctx context.Context, q run.Query, partition string) ([]run.Run, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ScanIndexForward: aws.Bool(false),
		ExpressionAttributeValues: item{},
	}
	if q.Pipeline != "" {
		in.IndexName, in.KeyConditionExpression = aws.String(ByPipeline), aws.String(records.PipelineName+" = :p")
		in.ExpressionAttributeValues[":p"] = records.String(q.Pipeline)
		if q.State != "" {
			in.FilterExpression = aws.String("#s = :s")
			in.ExpressionAttributeNames = map[string]string{"#s": "state"}
			in.ExpressionAttributeValues[":s"] = records.String(string(q.State))
		}
	} else {
		in.IndexName, in.KeyConditionExpression = aws.String(ByState), aws.String(records.StateName+" = :s")
		in.ExpressionAttributeValues[":s"] = records.String(partition)
	}
	var runs []run.Run
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages() && len(runs) < q.Limit; {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list runs: %w", err)
		}
		for _, it := range page.Items {
			var r run.Run
			if err := decode(it, &r); err != nil {
				s.skip(ctx, it, err)
				continue
			}
			runs = append(runs, r)
		}
	}
	return runs[:min(len(runs), q.Limit)], nil
}
