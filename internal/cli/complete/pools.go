package complete

import (
	"context"
	"fmt"
	"slices"

	"ephemr/internal/cli/session"
	"ephemr/internal/emr/pool"

	"github.com/spf13/cobra"
)

// Leasable lists pools and their clusters.
type Leasable interface {
	All(ctx context.Context) ([]pool.ID, error)
	Clusters(ctx context.Context, id pool.ID) ([]pool.Cluster, error)
}

// Pools offers the pools that have clusters.
func Pools(app *session.App) Func { return ofPools(app, PoolNames) }

// PoolClusters offers the clusters of pools that can be leased.
func PoolClusters(app *session.App) Func { return ofPools(app, PoolClusterIDs) }

func ofPools(app *session.App, find func(context.Context, Leasable) ([]cobra.Completion, error)) Func {
	return InTime(app, func(ctx context.Context, _ []string, _ string) ([]cobra.Completion, error) {
		s, err := app.Session(ctx)
		if err != nil {
			return nil, err
		}
		return find(ctx, s.Pools())
	})
}

// PoolNames returns the pools, with their teams.
func PoolNames(ctx context.Context, pools Leasable) ([]cobra.Completion, error) {
	all, err := pools.All(ctx)
	var words []cobra.Completion
	for _, id := range all {
		words = append(words, cobra.CompletionWithDesc(id.Name, "of team "+id.Team))
	}
	return words, err
}

// PoolClusterIDs returns the clusters with free steps, most first.
func PoolClusterIDs(ctx context.Context, pools Leasable) ([]cobra.Completion, error) {
	all, err := pools.All(ctx)
	if err != nil {
		return nil, err
	}
	var found []pool.Cluster
	for _, id := range all {
		clusters, err := pools.Clusters(ctx, id)
		if err != nil {
			return nil, err
		}
		found = append(found, clusters...)
	}
	found = slices.DeleteFunc(found, func(c pool.Cluster) bool { return c.State != pool.Ready || c.Free == 0 })
	slices.SortStableFunc(found, func(a, b pool.Cluster) int { return b.Free - a.Free })
	var words []cobra.Completion
	for _, c := range found {
		words = append(words, cobra.CompletionWithDesc(c.ID, fmt.Sprintf("pool %s, profile %s, %d of %d steps free", c.PoolID(), c.Profile, c.Free, c.Steps)))
	}
	return words, nil
}
