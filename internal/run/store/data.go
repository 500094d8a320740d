package store

import (
	"context"

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
