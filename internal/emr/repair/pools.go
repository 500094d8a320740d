package repair

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/events"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// pooled repairs a pool's cluster that lives: it takes back leases that no run
// will return, and ends the cluster when it is old, was idle too long or is drained.
func (s *sweep) pooled(ctx context.Context, m *pool.Cluster) error {
	m, err := s.leases(ctx, m, true)
	if err != nil {
		return err
	}
	if m, err = s.aged(ctx, m); m == nil || err != nil {
		return err
	}
	if m.State != pool.Gone && (m.State != pool.Draining || !m.Empty()) {
		return nil
	}
	slog.InfoContext(ctx, "terminating expired pool cluster", "clusterId", m.ID, "pool", m.PoolID().String(), "idleUntil", m.IdleUntil, "until", m.Until)
	if err := s.end(ctx, m.ID); err != nil {
		return fmt.Errorf("end cluster of pool %s: %w", m.PoolID(), err)
	}
	s.Registration.Deregister(ctx, m.ID)
	return s.Pools.MarkGone(ctx, m.ID)
}

// aged drains a cluster whose time is over, and returns it as it is then.
func (s *sweep) aged(ctx context.Context, m *pool.Cluster) (*pool.Cluster, error) {
	switch {
	case m.State == pool.Ready && m.Expired(time.Now()):
		return s.Pools.DrainExpired(ctx, m.ID, time.Now())
	case m.State == pool.Starting && m.Empty(): // no run waits for it any more
		m.State = pool.Draining
		return m, s.Pools.Drain(ctx, m.ID)
	}
	return m, nil
}

// leases takes back those whose run is over or elsewhere, and returns the cluster
// as it is then. A step that is still busy is killed first: the next sweep takes
// its lease back.
func (s *sweep) leases(ctx context.Context, m *pool.Cluster, lives bool) (*pool.Cluster, error) {
	for _, holder := range m.Holders() {
		rec, why, err := s.leaked(ctx, holder)
		if err != nil {
			return m, err
		}
		if why == "" {
			continue
		}
		if lives {
			busy, err := s.stop(ctx, m, holder)
			if err != nil {
				return m, err
			}
			if busy {
				continue
			}
		}
		if rec != nil && fresh(rec) {
			continue // a step may still be in flight
		}
		if m, err = s.takeBack(ctx, m, holder, rec, why); err != nil {
			return m, err
		}
	}
	return m, nil
}

// stop kills the steps that were submitted under a lease, and says whether there
// were any.
func (s *sweep) stop(ctx context.Context, m *pool.Cluster, holder string) (bool, error) {
	ids, err := cluster.Busy(ctx, s.EMR, m.ID, run.Cluster{Pool: m.Pool, Name: holder}.Owns)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	return true, cluster.Kill(ctx, s.EMR, m.ID, ids)
}

// leaked says why holder's lease should not be there any more, or "". The record
// is nil if its run is not known.
func (s *sweep) leaked(ctx context.Context, holder string) (*run.Record, string, error) {
	rec, err := s.Runs.Load(ctx, run.OfCluster(holder))
	if run.IsUnknown(err) {
		rec, err = nil, nil
	}
	if err != nil {
		return nil, "", err
	}
	return rec, engine.OrphanReason(rec, holder), nil
}

func attemptOf(rec *run.Record, name string) run.Cluster {
	for _, a := range rec.Clusters {
		if a.Name == name {
			return a
		}
	}
	return run.Cluster{Restart: rec.Run.Restarts}
}

// fresh reports whether a function of the run may still be at work, or is
// returning the lease right now.
func fresh(rec *run.Record) bool {
	since := rec.Run.EndedAt
	if !rec.Run.State.Final() {
		since = rec.Run.RequestedAt // when it was restarted, if it was
	}
	return time.Since(since) < cluster.InFlightFor
}

// shrink takes back the task units that a holder has requested. A cluster that
// cannot be made smaller is drained.
func (s *sweep) shrink(ctx context.Context, m *pool.Cluster, holder string) error {
	err := s.Sizes.Leave(ctx, m.ID, holder)
	if fault.NameOf(err) != fault.InvalidInput {
		return err
	}
	slog.WarnContext(ctx, "cannot shrink cluster: draining it from the pool", "clusterId", m.ID, "reason", err.Error())
	return s.Pools.Drain(ctx, m.ID)
}

// drainUnfit drains a cluster that must not be leased by others: it was never ready,
// or the run that leases it may have left something there.
func (s *sweep) drainUnfit(ctx context.Context, m *pool.Cluster, holder string, rec *run.Record) error {
	if m.State == pool.Starting || rec == nil || cluster.Leftovers(ctx, rec, attemptOf(rec, holder)) {
		return s.Pools.Drain(ctx, m.ID)
	}
	return nil
}

// takeBack ends a lease that its run should have ended.
func (s *sweep) takeBack(ctx context.Context, m *pool.Cluster, holder string, rec *run.Record, why string) (*pool.Cluster, error) {
	if err := s.drainUnfit(ctx, m, holder, rec); err != nil {
		return m, err
	}
	if err := s.shrink(ctx, m, holder); err != nil {
		return m, err // the next sweep goes on
	}
	after, err := s.Pools.Release(ctx, m.ID, holder, time.Now())
	if err != nil || after == nil {
		return m, err
	}
	s.repaired(events.Repaired{What: "lease-released", RunID: run.OfCluster(holder), ClusterID: m.ID, Reason: why})
	if rec == nil {
		return after, nil
	}
	a := attemptOf(rec, holder)
	if from := a.State; from == run.ClusterCreated || from == run.ClusterReady {
		a.State, a.EndedAt = run.ClusterReleased, time.Now()
		if _, err := s.Runs.ReplaceCluster(ctx, rec.Run.ID, a, from, a.Intent); err != nil {
			return after, err
		}
	}
	return after, nil
}

// forget takes clusters out of their pools that are gone without an event having
// reported it. seen are those that live.
func (s *sweep) forget(ctx context.Context, seen map[string]bool) error {
	pools, err := s.Pools.All(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range pools {
		members, err := s.Pools.Members(ctx, id)
		errs = append(errs, err)
		for _, clusterID := range members {
			if !seen[clusterID] {
				errs = append(errs, s.unlessLater(ctx, fault.Safely(func() error { return s.checkLostMember(ctx, id, clusterID) }))) // the others are not affected
			}
		}
	}
	return errors.Join(errs...)
}

// checkLostMember looks at a member of a pool that was not among the clusters that live. The
// list misses some that change just then, so EMR is asked again.
func (s *sweep) checkLostMember(ctx context.Context, id pool.ID, clusterID string) error {
	m, err := s.Pools.Get(ctx, clusterID)
	if err != nil {
		return err
	}
	if m == nil || m.State != pool.Gone {
		d, err := s.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &clusterID})
		if err != nil && fault.NameOf(err) != fault.InvalidInput {
			return fmt.Errorf("describe cluster %s: %w", clusterID, err)
		}
		if err == nil && cluster.State(d.Cluster.Status.State) != engine.Gone {
			return nil
		}
	}
	if m == nil { // the invocation that made it died before it wrote the record
		return s.Pools.Leave(ctx, id, clusterID)
	}
	if _, err := s.leases(ctx, m, false); err != nil {
		return err
	}
	return s.Pools.MarkGone(ctx, clusterID)
}
