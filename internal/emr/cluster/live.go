package cluster

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/engine"
	"ephemr/internal/fault"
)

// States of clusters as ListClusters filters them. One that is TERMINATING may
// still have something to say to a run.
var (
	activeStates = []types.ClusterState{
		types.ClusterStateStarting, types.ClusterStateBootstrapping, types.ClusterStateRunning, types.ClusterStateWaiting, types.ClusterStateTerminating,
	}
	endedStates = []types.ClusterState{types.ClusterStateTerminated, types.ClusterStateTerminatedWithErrors}
)

// few is how many clusters are described one by one rather than searched for in
// more pages of the account's list, which is as long as other users make it.
const few = 5

// lookout looks for the clusters that runs wait for.
type lookout struct {
	*Manager
	left  map[string]bool // that have not been seen
	after time.Time       // none of them is older
	yield func(engine.Capacity, error) bool
	over  bool // the caller wants no more, or an error was reported
}

// Live lists the active clusters of the account until all that are wanted were
// seen. Of those that have ended, it finds the latest.
func (m *Manager) Live(ctx context.Context, wanted []string, since time.Time) iter.Seq2[engine.Capacity, error] {
	return func(yield func(engine.Capacity, error) bool) {
		l := lookout{Manager: m, left: map[string]bool{}, after: since.Add(-m.oldest()), yield: yield}
		for _, id := range wanted {
			l.left[id] = true
		}
		l.list(ctx, activeStates, false)
		l.list(ctx, endedStates, true)
	}
}

// oldest is how much older than a waiter its cluster can be: a pool's cluster was
// made before the run that waits on it, and a run's own before its last wait.
func (m *Manager) oldest() time.Duration {
	return m.Settings.Limits.Pool.Life.Std() + m.Settings.Limits.Deadline.Std() + time.Hour
}

// list reports the clusters in some states, page by page: one page only, or all
// until so few are left that it is cheaper to describe them.
func (l *lookout) list(ctx context.Context, states []types.ClusterState, onePage bool) {
	in := &emr.ListClustersInput{ClusterStates: states, CreatedAfter: aws.Time(l.after)}
	for p := emr.NewListClustersPaginator(l.EMR, in); !l.over && len(l.left) > 0 && p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			l.report(engine.Capacity{}, fmt.Errorf("list clusters: %w", err))
			return
		}
		for _, c := range page.Clusters {
			l.report(Capacity(aws.ToString(c.Id), c.Status), nil)
		}
		if p.HasMorePages() && len(l.left) <= few {
			l.describe(ctx)
			return
		}
		if onePage {
			return
		}
	}
}

// describe reports the clusters that are left.
func (l *lookout) describe(ctx context.Context) {
	var ids []string
	for id := range l.left {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if l.over {
			return
		}
		out, err := l.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
		switch {
		case IsNotOurs(err):
			delete(l.left, id)
		case fault.NameOf(err) == fault.Throttled:
			return // the runs are checked one by one, in another order at each tick
		case err != nil: // the others are not affected
			slog.WarnContext(ctx, "cluster not described: its runs are checked one by one", "clusterId", id, "error", err.Error())
		default:
			l.report(Capacity(id, out.Cluster.Status), nil)
		}
	}
}

func (l *lookout) report(c engine.Capacity, err error) {
	if l.over {
		return
	}
	delete(l.left, c.ID)
	l.over = !l.yield(c, err) || err != nil
}

// Shared reports whether another run than runID uses a cluster.
func (m *Manager) Shared(ctx context.Context, clusterID, runID string) bool {
	ids, _, err := m.Registration.Registry.Runs(ctx, clusterID)
	return err != nil || !slices.Equal(ids, []string{runID})
}
