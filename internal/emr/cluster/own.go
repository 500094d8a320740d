package cluster

import (
	"context"

	"ephemr/internal/run"
)

// own is the placement of runs that have a cluster to themselves: it is made for
// the run and ends with it.
type own struct {
	*Manager
	shape
}

func (own) find(context.Context, *run.Record, run.Cluster) (*run.Cluster, error) {
	return nil, nil //nolint:nilnil // none is an answer
}

func (o own) terms(rec *run.Record, _ run.Cluster) terms {
	return terms{steps: concurrency(rec, o.profile), idle: idle(rec, o.profile.IdleTimeout.Std()), until: rec.Run.Deadline}
}

func (o own) enter(ctx context.Context, rec *run.Record, a run.Cluster) error {
	return o.Registration.Registry.Put(ctx, Record{
		ID: a.ID, RunID: rec.Run.ID, Attempt: a.Attempt, Name: a.Name, CreatedAt: a.CreatedAt, Deadline: rec.Run.Deadline,
		Pipeline: rec.Run.Pipeline, Team: rec.Run.PoolOwner(), AdHoc: rec.Run.Version == 0, Profile: rec.Spec.Cluster.Profile, Release: a.Release, Units: a.Units,
	})
}

func (own) ready(context.Context, run.Cluster) error { return nil }

func (own) lost(context.Context, run.Cluster) error { return nil }

func (own) ended(context.Context, run.Cluster) error { return nil }

func (own) endState(bool) run.ClusterState { return run.ClusterTerminating }

// release looks for a cluster that was perhaps created without an answer.
func (o own) release(ctx context.Context, rec *run.Record, a run.Cluster, out *released) (err error) {
	if a.ID == "" && a.State == run.ClusterIntended {
		if a.ID, err = find(ctx, o.EMR, rec.Run, a); err != nil {
			return err
		}
	}
	if a.ID != "" && a.State != run.ClusterTerminating {
		out.end(a.ID)
	}
	return nil
}
