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

// CountOf is how many units of a kind c was made of.
func (c Cluster) CountOf(kind string) int {
	n := 0
	for _, u := range c.Units {
		if u.Kind == kind {
			n += u.Count
		}
	}
	return n
}

// More is by how many units of a kind c differs from what it was made of.
func (c Cluster) More(kind string) int {
	more := 0
	for _, r := range c.Resizes {
		if r.Kind == kind {
			more = r.More
		}
	}
	return more
}

// Resized adds r to the resizes of an attempt.
func (s *Store) Resized(ctx context.Context, id string, attempt int, r Resize) error {
	all := expression.Name("resizes")
	u := expression.Set(all, expression.ListAppend(expression.IfNotExists(all, expression.Value([]Resize{})), expression.Value([]Resize{r})))
	_, err := s.update(ctx, id, tryPrefix+attemptKey(attempt), u, expression.Name(pk).AttributeExists())
	return err
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
