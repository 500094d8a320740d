package cluster

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/engine"
	"ephemr/internal/job"
	"ephemr/internal/run"
)

// Observe returns the state of the cluster that rec waits for, which is that of
// its newest attempt. A ready one is opened to its pool, one that is gone is
// taken out of it. One that gets no instances is given up when there is a fallback.
func (m *Manager) Observe(ctx context.Context, rec *run.Record, v engine.View) (engine.Capacity, error) {
	a := rec.Cluster()
	c, whole, err := m.look(ctx, a.ID, v)
	if err != nil {
		return c, err
	}
	switch place := m.placement(*a, shape{}); {
	case c.State == engine.Gone && a.GivenUp:
		return m.givenUp(ctx, *a, c)
	case a.GivenUp:
		return m.giveUpOn(ctx, rec, a, c)
	case c.State.Ready():
		c.After = func(ctx context.Context) { m.register(ctx, a.ID, whole) }
		if a.State == run.ClusterCreated {
			return c, place.ready(ctx, *a)
		}
	case c.Unexplained && !a.Leased:
		c.State = engine.Starting // the reason decides whether a fallback is tried; it comes at the latest with the end
	case c.State == engine.Gone:
		return m.gone(*a, c), place.lost(ctx, *a)
	case c.Provisioning:
		return m.provisioning(ctx, rec, a, c)
	}
	return c, nil
}

// look returns the state of a cluster, and the cluster itself if it was described.
func (m *Manager) look(ctx context.Context, id string, v engine.View) (engine.Capacity, *types.Cluster, error) {
	switch {
	case v.Seen != nil:
		return *v.Seen, nil, nil
	case v.Noted: // a new one
		return engine.Capacity{ID: id, State: engine.Starting}, nil, nil
	}
	out, err := m.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
	if err != nil {
		return engine.Capacity{}, nil, fmt.Errorf("describe cluster %s: %w", id, err)
	}
	return Capacity(id, out.Cluster.Status), out.Cluster, nil
}

// gone completes what is known of a cluster that has ended without being asked to.
func (m *Manager) gone(a run.Cluster, c engine.Capacity) engine.Capacity {
	c.After = func(ctx context.Context) { m.Registration.Deregister(ctx, a.ID) }
	c.Retry = a.Leased || c.Retry && a.Rung+1 < a.Rungs
	if a.Leased {
		c.Class, c.Reason = job.ClassLost, "the pool's cluster was gone: "+c.Reason
	}
	return c
}

// register puts a ready cluster into the directory. ListClusters, which the tick
// calls, returns no addresses: then the cluster is described.
func (m *Manager) register(ctx context.Context, id string, whole *types.Cluster) {
	m.Registration.Register(ctx, id, func(ctx context.Context) (*types.Cluster, error) {
		if whole != nil {
			return whole, nil
		}
		out, err := m.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
		if err != nil {
			return nil, fmt.Errorf("describe cluster %s: %w", id, err)
		}
		return out.Cluster, nil
	})
}
