package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// RecordData records what was found of the data of a run, once for each time that the run
// is started; false means that it was recorded before.
func (s *Runs) RecordData(ctx context.Context, id string, d run.Data) (bool, error) {
	first := records.Absent().Or(expression.Name("restart").LessThan(expression.Value(d.Restart)))
	return s.put(ctx, d, records.DataKey(id), first)
}

// RecordQueries records the queries of a run that have been started, once for each time that
// the run is started; false means that they were recorded before.
func (s *Runs) RecordQueries(ctx context.Context, id string, q run.Queries) (bool, error) {
	first := records.Absent().Or(expression.Name("restart").LessThan(expression.Value(q.Restart)))
	return s.put(ctx, q, records.QueriesKey(id), first)
}

// DecideQueries records what the queries of a run have found, in place of the record that they
// were started; false means that it was recorded before, or that they were not started.
func (s *Runs) DecideQueries(ctx context.Context, id string, q run.Queries) (bool, error) {
	open := records.Is("restart", q.Restart).And(records.Is("decidedAt", time.Time{}))
	return s.put(ctx, q, records.QueriesKey(id), open)
}
