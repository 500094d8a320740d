package cluster

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/engine"
)

// liveFor is how much older than a waiter its cluster may be: a pool's cluster
// was made before the run that waits on it.
const liveFor = 24 * time.Hour

// Live lists the clusters of the account that were created a day before since or
// later, whatever their state.
func (m *Manager) Live(ctx context.Context, since time.Time) iter.Seq2[engine.Capacity, error] {
	in := &emr.ListClustersInput{CreatedAfter: aws.Time(since.Add(-liveFor))}
	return func(yield func(engine.Capacity, error) bool) {
		for p := emr.NewListClustersPaginator(m.EMR, in); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				yield(engine.Capacity{}, fmt.Errorf("list clusters: %w", err))
				return
			}
			for _, c := range page.Clusters {
				if !yield(Capacity(aws.ToString(c.Id), c.Status), nil) {
					return
				}
			}
		}
	}
}

// Shared reports whether another run than runID uses a cluster.
func (m *Manager) Shared(ctx context.Context, clusterID, runID string) bool {
	ids, _, err := m.Registration.Registry.Runs(ctx, clusterID)
	return err != nil || !slices.Equal(ids, []string{runID})
}
