package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// InState visits all runs in a state: QUEUED runs by their queues, others by time. The
// index is eventually consistent.
func (s *Runs) InState(ctx context.Context, state run.State, visit func(run.Run) error) error {
	return s.eachPartition(ctx, state, func(partition string) error { return s.visit(ctx, s.inState(partition), visit) })
}

// visit visits the runs that in selects.
func (s *Runs) visit(ctx context.Context, in *dynamodb.QueryInput, visit func(run.Run) error) error {
	return s.query(ctx, in, func(it item) error {
		var r run.Run
		if err := decode(it, &r); err != nil {
			s.skips.Skip(ctx, it, err)
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
	return visit(records.Held)
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

// List returns runs of a pipeline or in a state, newest first. Runs that have not
// ended are found by their state, however many of the pipeline's wait.
func (s *Runs) List(ctx context.Context, q run.Query) ([]run.Run, error) {
	switch {
	case q.State == run.Queued:
		return s.newestQueued(ctx, q.Pipeline, q.Limit)
	case q.Pipeline != "" && (q.State == run.Admitted || q.State == run.Running):
		return s.active(ctx, q)
	}
	return s.list(ctx, q)
}

// active returns the runs of a pipeline in a state of runs that hold slots: they are
// few.
func (s *Runs) active(ctx context.Context, q run.Query) (all []run.Run, _ error) {
	err := s.InState(ctx, q.State, func(r run.Run) error {
		if r.Pipeline == q.Pipeline {
			all = append(all, r)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b run.Run) int { return cmp.Or(b.LogicalTime.Compare(a.LogicalTime), cmp.Compare(a.ID, b.ID)) })
	return all[:min(len(all), q.Limit)], err
}

// list returns runs of q's pipeline, or in its state.
func (s *Runs) list(ctx context.Context, q run.Query) ([]run.Run, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ScanIndexForward: aws.Bool(false),
		ExpressionAttributeValues: item{},
	}
	if q.Pipeline == "" || q.State == "" { // every item that is read counts
		in.Limit = aws.Int32(int32(max(1, min(q.Limit, 1000)))) //nolint:gosec // it fits
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
		in.ExpressionAttributeValues[":s"] = records.String(string(q.State))
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
				s.skips.Skip(ctx, it, err)
				continue
			}
			runs = append(runs, r)
		}
	}
	return runs[:min(len(runs), q.Limit)], nil
}
