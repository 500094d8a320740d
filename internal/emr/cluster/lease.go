package cluster

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"ephemr/internal/emr/pool"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// profileHash is what clusters have in common that can take each other's place:
// all that goes into RunJobFlow for every run of a profile, its ladder included.
func profileHash(s stage.Settings, of shape) (string, error) {
	data, err := json.Marshal(struct { // maps are sorted
		Profile               profile.Profile
		Service, Instances    string
		Bootstrap, LogsBucket string
		Runners               map[string]string
		Network               *stage.Network `json:",omitempty"`
	}{of.profile, s.ServiceRole, of.instances, s.Bootstrap, s.LogsBucket, s.Runners, of.network})
	if err != nil {
		return "", fmt.Errorf("encode profile: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// pool names the pool of rec's run, or "": that of its pipeline, or of the
// cluster that it asks for.
func (m *Manager) pool(ctx context.Context, rec *run.Record) (string, error) {
	id := rec.Spec.Cluster.ID
	if id == "" {
		return rec.Spec.Pool(), nil
	}
	c, err := m.Pools.Get(ctx, id)
	if err != nil {
		return "", err
	}
	if c == nil || c.Team != rec.Run.PoolOwner() {
		return "", fault.New(fault.InvalidInput, "cluster %s belongs to no pool of %s in stage %s; leave out --cluster, or name a --pool",
			id, rec.Run.PoolOwner(), m.Settings.Stage)
	}
	return c.Pool, nil
}

// plan is a first attempt to get a cluster, of a pool if that has a name.
func (m *Manager) plan(rec *run.Record, s shape, poolName string) (run.Cluster, error) {
	next := run.Cluster{Attempt: 1, Rungs: s.profile.Rungs(), Restart: rec.Run.Restarts}
	if poolName == "" {
		return next, nil
	}
	hash, err := profileHash(m.Settings, s)
	next.Pool, next.Hash, next.Of = poolName, hash, m.poolSteps(rec, s.profile)
	next.Steps = min(rec.Spec.StepConcurrency(), next.Of)
	return next, err
}

// poolSteps is how many steps a new cluster of a pool runs side by side: the
// profile's word, or as many as the run can use and at least the stage's.
func (m *Manager) poolSteps(rec *run.Record, p profile.Profile) int {
	if p.StepConcurrency > 0 {
		return p.StepConcurrency
	}
	return max(wide(rec, p), m.Settings.Limits.Pool.Steps)
}

// leased is the placement of runs that share a pool's clusters: a run takes a
// lease on some of a cluster's steps, or makes a cluster for the pool.
type leased struct {
	*Manager
	shape
}

// find takes a cluster of the attempt's pool, or nil if none can be had. The
// fullest that has room comes first, so that others can end their wait.
func (l leased) find(ctx context.Context, rec *run.Record, a run.Cluster) (*run.Cluster, error) {
	hash, err := profileHash(l.Settings, l.shape)
	if err != nil {
		return nil, err
	}
	all, err := l.Pools.Clusters(ctx, pool.ID{Team: rec.Run.PoolOwner(), Name: a.Pool})
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.Leases[a.Name] > 0 { // by an invocation that is dead by now
			return l.held(ctx, rec, a, m)
		}
	}
	if rec.Spec.Cluster.ID != "" {
		return l.leaseThis(ctx, rec, a, hash)
	}
	slices.SortStableFunc(all, func(x, y pool.Cluster) int { return cmp.Compare(x.Free, y.Free) })
	for _, m := range all {
		if m.Hash != hash {
			if err := l.outdated(ctx, m, rec.Spec.Cluster); err != nil {
				return nil, err
			}
			continue
		}
		got, err := l.Pools.Lease(ctx, m, a.Name, wanted(rec, m), time.Now())
		if err != nil {
			return nil, err
		}
		if got != nil {
			return l.take(ctx, rec, a, *got)
		}
	}
	return nil, nil //nolint:nilnil // none is an answer
}

// wanted is how many steps of m a run takes: as many as it can ever use.
func wanted(rec *run.Record, m pool.Cluster) int { return min(rec.Spec.StepConcurrency(), m.Steps) }

// outdated drains a cluster that was made from another version of the profile.
// Those of another profile or of other overrides in the same pool serve other pipelines.
func (l leased) outdated(ctx context.Context, m pool.Cluster, c pipeline.Cluster) error {
	if m.Profile != c.Profile || m.Overrides != c.Overrides.Digest() || m.State != pool.Ready {
		return nil
	}
	slog.InfoContext(ctx, "profile changed: draining pool cluster", "clusterId", m.ID, "pool", m.PoolID().String(), "profile", m.Profile)
	return l.Pools.Drain(ctx, m.ID)
}

// leaseThis takes the cluster that the run asks for, or says why it cannot be had.
func (l leased) leaseThis(ctx context.Context, rec *run.Record, a run.Cluster, hash string) (*run.Cluster, error) {
	id := rec.Spec.Cluster.ID
	m, err := l.Pools.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fault.New(fault.InvalidInput, "cluster %s is not known any more; leave out --cluster", id)
	}
	n := wanted(rec, *m)
	if err := Leasable(*m, rec.Spec.Cluster, n, time.Now()); err != nil {
		return nil, fault.New(fault.InvalidInput, "%w", err)
	}
	if m.Hash != hash {
		return nil, fault.New(fault.InvalidInput, "cluster %s was made before profile %s or the runner changed; leave out --cluster", id, m.Profile)
	}
	got, err := l.Pools.Lease(ctx, *m, a.Name, n, time.Now())
	if err != nil {
		return nil, err
	}
	if got == nil {
		return nil, fault.New(fault.InvalidInput, "another run leased cluster %s just now; try again, or leave out --cluster", id)
	}
	return l.take(ctx, rec, a, *got)
}

// Leasable says why a run that wants n steps of a cluster like c cannot have a pool's cluster.
func Leasable(m pool.Cluster, c pipeline.Cluster, n int, now time.Time) error {
	switch {
	case m.State == pool.Starting:
		return fmt.Errorf("cluster %s is not ready yet; try again in a minute, or leave out --cluster", m.ID)
	case m.State != pool.Ready || m.Expired(now):
		return fmt.Errorf("cluster %s of pool %s takes no more runs; leave out --cluster", m.ID, m.Pool)
	case m.Profile != c.Profile:
		return fmt.Errorf("cluster %s was made from profile %s, not %s; give --profile %s, or leave out --cluster", m.ID, m.Profile, c.Profile, m.Profile)
	case m.Overrides != c.Overrides.Digest():
		return fmt.Errorf("cluster %s was made with other overrides of profile %s; leave out --cluster", m.ID, m.Profile)
	case m.Free < n:
		return fmt.Errorf("cluster %s has %d of %d steps free and the run needs %d; try again later, or leave out --cluster", m.ID, m.Free, m.Steps, n)
	}
	return nil
}

// held goes on with the cluster that carries the attempt's lease: one that was
// taken, or one that was made and has joined the pool before the run's record said so.
func (l leased) held(ctx context.Context, rec *run.Record, a run.Cluster, m pool.Cluster) (*run.Cluster, error) {
	if m.Name != a.Name {
		return l.take(ctx, rec, a, m)
	}
	a, err := l.created(ctx, rec, a, l.shape, m.ID)
	return &a, err
}

// take records in the attempt that it has a cluster.
func (l leased) take(ctx context.Context, rec *run.Record, a run.Cluster, m pool.Cluster) (*run.Cluster, error) {
	a.ID, a.State, a.CreatedAt = m.ID, run.ClusterCreated, time.Now()
	a.Leased, a.Steps, a.Of, a.Units = true, m.Leases[a.Name], m.Steps, m.Units
	slog.InfoContext(ctx, "cluster leased", "runId", rec.Run.ID, "clusterId", a.ID, "pool", m.PoolID().String(), "steps", a.Steps, "of", a.Of)
	_, err := l.Runs.ReplaceCluster(ctx, rec.Run.ID, a, run.ClusterIntended, a.Intent)
	return &a, err
}

// enter makes a new cluster one of its pool, leased by the run that made it.
func (l leased) enter(ctx context.Context, rec *run.Record, a run.Cluster) error {
	hash, err := profileHash(l.Settings, l.shape)
	if err != nil {
		return err
	}
	if hash != a.Hash {
		hash = "" // it may have been made from either version: no other run gets it
	}
	until := a.CreatedAt.Add(l.Settings.Limits.Pool.Life.Std())
	return l.Pools.Join(ctx, pool.Cluster{
		ID: a.ID, RunID: rec.Run.ID, Attempt: a.Attempt, Name: a.Name, CreatedAt: a.CreatedAt, Deadline: later(until, rec.Run.Deadline),
		Pool: a.Pool, Team: rec.Run.PoolOwner(), Profile: rec.Spec.Cluster.Profile, Overrides: rec.Spec.Cluster.Overrides.Digest(), Release: a.Release, Units: a.Units,
		Member: pool.Member{
			Hash: hash, State: pool.Starting, Steps: a.Of, Free: a.Of - a.Steps, Leases: map[string]int{a.Name: a.Steps},
			KeepAlive: l.keepAlive(rec), Until: until,
		},
	})
}

func (l leased) terms(rec *run.Record, a run.Cluster) terms {
	return terms{
		steps: a.Of, idle: idle(rec, max(l.profile.IdleTimeout.Std(), l.keepAlive(rec)+patience)),
		until: time.Now().Add(l.Settings.Limits.Pool.Life.Std()),
	}
}

// ready lets other runs lease a cluster that the attempt has made.
func (l leased) ready(ctx context.Context, a run.Cluster) error {
	if a.Leased {
		return nil
	}
	return l.Pools.MarkReady(ctx, a.ID)
}

func (l leased) lost(ctx context.Context, a run.Cluster) error { return l.Pools.MarkGone(ctx, a.ID) }

func (l leased) ended(ctx context.Context, a run.Cluster) error { return l.Pools.MarkGone(ctx, a.ID) }

func (leased) endState(ended bool) run.ClusterState {
	if ended {
		return run.ClusterTerminating
	}
	return run.ClusterReleased
}

// keepAlive is how long a cluster that the run makes waits for the next one.
func (m *Manager) keepAlive(rec *run.Record) time.Duration {
	return cmp.Or(rec.Spec.Cluster.KeepAlive, m.Settings.Limits.Pool.KeepAlive).Std()
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
