package run

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
)

// Intend writes the attempt c before RunJobFlow is called; false says that it
// is there already.
func (s *Store) Intend(ctx context.Context, id string, c Cluster) (bool, error) {
	it, err := encode(c, id, tryPrefix+attemptKey(c.Attempt))
	if err != nil {
		return false, err
	}
	return s.put(ctx, it, expression.Name(pk).AttributeNotExists())
}

func attemptKey(n int) string { return fmt.Sprintf("%03d", n) }

// ReplaceCluster writes c over the same attempt if it is still in state from
// with the intent of from's reader.
func (s *Store) ReplaceCluster(ctx context.Context, id string, c Cluster, from ClusterState, intent string) (bool, error) {
	it, err := encode(c, id, tryPrefix+attemptKey(c.Attempt))
	if err != nil {
		return false, err
	}
	return s.put(ctx, it, is("state", from).And(is("intent", intent)))
}
