package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ephemr/internal/engine"
	"ephemr/internal/job"
	"ephemr/internal/run"
)

// provisionedBy is when a new cluster must have instances: until then EC2 may lack
// them only for a while. Without On-Demand instances EMR leaves a cluster in
// STARTING for as long as it takes.
// Source: Amazon EMR Management Guide, "Responding to Amazon EMR cluster
// insufficient instance capacity events".
func (m *Manager) provisionedBy(a run.Cluster) time.Time {
	if a.CreatedAt.IsZero() || a.Leased {
		return time.Time{}
	}
	return a.CreatedAt.Add(m.Settings.Limits.Provision())
}

// NoteShortage records that EC2 lacks instances for a cluster that a run waits for.
func (m *Manager) NoteShortage(ctx context.Context, runID, clusterID, message string) error {
	rec, err := m.Runs.Load(ctx, runID)
	if run.IsUnknown(err) {
		return nil
	}
	if err != nil {
		return err
	}
	a := rec.Cluster()
	if a == nil || a.ID != clusterID || a.State != run.ClusterCreated || a.Shortage != "" {
		return nil
	}
	a.Shortage = message
	slog.WarnContext(ctx, "EC2 has insufficient capacity for cluster", "runId", runID, "clusterId", clusterID, "message", message)
	_, err = m.Runs.ReplaceCluster(ctx, runID, *a, a.State, a.Intent)
	return err
}

// provisioning decides whether a cluster without instances is given up. When no
// fallback is left it is waited for as long as the stage allows: capacity may
// come back.
func (m *Manager) provisioning(ctx context.Context, rec *run.Record, a *run.Cluster, c engine.Capacity) (engine.Capacity, error) {
	if a.State != run.ClusterCreated || a.Leased {
		return c, nil
	}
	why := ""
	switch late := time.Now().After(m.provisionedBy(*a)); {
	case a.Shortage != "":
		why = "EC2 has insufficient capacity: " + a.Shortage
	case late:
		why = fmt.Sprintf("it had no instances after %s; EC2 may lack capacity", m.Settings.Limits.Provision())
	}
	if why == "" || a.Rung+1 >= a.Rungs {
		if a.Shortage != "" {
			c.Class, c.Reason = job.ClassCapacity, why
		}
		return c, nil
	}
	next := *a
	next.GivenUp, next.Class, next.Reason = true, job.ClassCapacity, why
	ok, err := m.Runs.ReplaceCluster(ctx, rec.Run.ID, next, a.State, a.Intent)
	if err != nil || !ok {
		return c, err
	}
	*a = next
	return m.giveUpOn(ctx, rec, a, c)
}

// giveUpOn ends a cluster that is given up, whatever has become of it since: the
// record says why before EMR says that it was terminated by request.
func (m *Manager) giveUpOn(ctx context.Context, rec *run.Record, a *run.Cluster, c engine.Capacity) (engine.Capacity, error) {
	if _, err := Terminate(ctx, m.EMR, a.ID); err != nil {
		return c, err
	}
	slog.InfoContext(ctx, "cluster given up: trying the next fallback", "runId", rec.Run.ID, "clusterId", a.ID, "rung", a.Rung, "reason", a.Reason)
	return m.givenUp(ctx, *a, c)
}

// givenUp is the end of a cluster that was given up, for the recorded reason.
func (m *Manager) givenUp(ctx context.Context, a run.Cluster, c engine.Capacity) (engine.Capacity, error) {
	c.State, c.Class, c.Reason, c.Retry = engine.Gone, a.Class, a.Reason, a.Rung+1 < a.Rungs
	c.After = func(ctx context.Context) { m.Registration.Deregister(ctx, a.ID) }
	return c, m.placement(a, shape{}).lost(ctx, a)
}
