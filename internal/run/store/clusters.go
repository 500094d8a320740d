package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Intend writes the attempt c before RunJobFlow is called; false says that it
// is there already.
func (s *Runs) Intend(ctx context.Context, id string, c run.Cluster) (bool, error) {
	return s.put(ctx, c, records.ClusterAttemptKey(id, c.Attempt), records.Absent())
}

// Resized adds r to the resizes of an attempt.
func (s *Runs) Resized(ctx context.Context, id string, attempt int, r run.Resize) error {
	all := expression.Name("resizes")
	u := expression.Set(all, expression.ListAppend(expression.IfNotExists(all, expression.Value([]run.Resize{})), expression.Value([]run.Resize{r})))
	_, err := s.update(ctx, records.ClusterAttemptKey(id, attempt), u, records.Present())
	return err
}

// ReplaceCluster writes c over the same attempt if it is still in state from
// with the intent of from's reader.
func (s *Runs) ReplaceCluster(ctx context.Context, id string, c run.Cluster, from run.ClusterState, intent string) (bool, error) {
	return s.put(ctx, c, records.ClusterAttemptKey(id, c.Attempt), records.Is("state", from).And(records.Is("intent", intent)))
}
