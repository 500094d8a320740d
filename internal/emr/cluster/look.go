package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/pool"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// DescribeAPI is the part of EMR that looks at one cluster.
type DescribeAPI interface {
	DescribeCluster(context.Context, *emr.DescribeClusterInput, ...func(*emr.Options)) (*emr.DescribeClusterOutput, error)
}

// Looker finds out whether a cluster can run steps.
type Looker struct {
	Runs    *store.Runs
	Pools   *pool.Store
	EMR     DescribeAPI
	Listing *Listing // nil = nobody wants to find clusters
}

// Ready is the answer to the CreateCluster state.
type Ready struct {
	ClusterID string `json:"clusterId"`
	Attempt   int    `json:"attempt"`
}

// Look answers when the cluster that rec waits for is ready or never will be.
func (l *Looker) Look(ctx context.Context, rec *run.Record, seen *types.ClusterStatus) (*wait.Answer, error) {
	a := rec.Cluster()
	if a == nil || a.ID == "" || a.ID != rec.Waiter.ClusterID {
		return nil, nil //nolint:nilnil // nothing has happened yet, and that is no error
	}
	var whole *types.Cluster // nil = only its status is known
	if seen == nil {
		out, err := l.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &a.ID})
		if err != nil {
			return nil, fmt.Errorf("describe cluster %s: %w", a.ID, err)
		}
		whole, seen = out.Cluster, out.Cluster.Status
	}
	switch state := seen.State; {
	case outcome.Ready(state):
		return l.ready(ctx, rec, *a, whole)
	case outcome.Gone(state):
		class, reason := outcome.OfCluster(seen)
		answer, err := l.failed(ctx, rec, *a, class, reason)
		return answer.AndThen(func(ctx context.Context) { l.Listing.Unlist(ctx, a.ID) }), err
	}
	if time.Now().After(rec.Waiter.Deadline) {
		return l.failed(ctx, rec, *a, job.ClassTimeout, fmt.Sprintf("not ready after %s", time.Since(a.CreatedAt).Round(time.Second)))
	}
	return nil, nil //nolint:nilnil // nothing has happened yet, and that is no error
}

func (l *Looker) ready(ctx context.Context, rec *run.Record, a run.Cluster, whole *types.Cluster) (*wait.Answer, error) {
	from := a.State
	if from == run.ClusterCreated {
		if err := l.open(ctx, a); err != nil {
			return nil, err
		}
		a.State, a.ReadyAt = run.ClusterReady, time.Now()
		if _, err := l.Runs.ReplaceCluster(ctx, rec.Run.ID, a, from, a.Intent); err != nil {
			return nil, err
		}
	}
	answer := &wait.Answer{Output: Ready{ClusterID: a.ID, Attempt: a.Attempt}}
	return answer.AndThen(func(ctx context.Context) { l.list(ctx, a.ID, whole) }), nil
}

// list puts a ready cluster into the directory. The list that the tick reads has
// no addresses: who comes from there asks once more, if there is a call left.
func (l *Looker) list(ctx context.Context, id string, whole *types.Cluster) {
	l.Listing.List(ctx, id, func(ctx context.Context) (*types.Cluster, error) {
		if whole != nil {
			return whole, nil
		}
		out, err := l.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
		if err != nil {
			return nil, fmt.Errorf("describe cluster %s: %w", id, err)
		}
		return out.Cluster, nil
	})
}

// open lets other runs lease a cluster that the attempt has made for its pool.
func (l *Looker) open(ctx context.Context, a run.Cluster) error {
	if a.Pool == "" || a.Leased {
		return nil
	}
	return l.Pools.Open(ctx, a.ID)
}

// failed ends an attempt. The next rung of the ladder is tried when that may
// help and nothing has run yet; after a pool's cluster that was gone, the same.
func (l *Looker) failed(ctx context.Context, rec *run.Record, a run.Cluster, class job.Class, reason string) (*wait.Answer, error) {
	from := a.State
	a.State, a.Class, a.Reason, a.EndedAt = run.ClusterFailed, class, reason, time.Now()
	if a.Leased {
		a.Class, a.Reason = job.ClassLost, "the pool's cluster was gone: "+reason
	}
	if err := l.close(ctx, a, class); err != nil {
		return nil, err
	}
	if from != run.ClusterFailed {
		if _, err := l.Runs.ReplaceCluster(ctx, rec.Run.ID, a, from, a.Intent); err != nil {
			return nil, err
		}
	}
	name := fault.JobFailed
	switch {
	case class == job.ClassTimeout:
		name = fault.Timeout
	case again(a) && !rec.Begun():
		name = fault.Capacity
	}
	return &wait.Answer{Err: fault.New(name, "cluster %s never got ready: %s", a.ID, a.Reason)}, nil
}

// again says whether another attempt may get a cluster where a did not.
func again(a run.Cluster) bool {
	return a.Leased || (a.Class == job.ClassCapacity || a.Class == job.ClassBootstrap) && a.Rung+1 < a.Rungs
}

// close takes a cluster that is gone out of its pool. One that took too long was
// never to be leased and is ended with the run.
func (l *Looker) close(ctx context.Context, a run.Cluster, class job.Class) error {
	if a.Pool == "" || class == job.ClassTimeout {
		return nil
	}
	return l.Pools.Bury(ctx, a.ID)
}
