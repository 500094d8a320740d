package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"

	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/run"
)

// Acquire ensures that the run has exactly one cluster on its way.
func (m *Manager) Acquire(ctx context.Context, rec *run.Record) (engine.Capacity, error) {
	began := time.Now()
	a, err := m.ensure(ctx, rec)
	return engine.Capacity{
		ID: a.ID, RequestedAt: a.CreatedAt, CheckAt: m.provisionedBy(a), New: !a.Leased && !a.CreatedAt.Before(began),
	}, err
}

// ensure returns the run's newest attempt with an id: the one that is there,
// the one that EMR has under its name, or a new one.
func (m *Manager) ensure(ctx context.Context, rec *run.Record) (run.Cluster, error) {
	last := sinceRestart(rec)
	if last != nil && (last.State == run.ClusterCreated || last.State == run.ClusterReady) {
		return *last, nil
	}
	s, err := m.shape(ctx, rec)
	if err != nil {
		return run.Cluster{}, err
	}
	if last != nil && last.State == run.ClusterIntended {
		return m.resume(ctx, rec, *last, s)
	}
	return m.begin(ctx, rec, last, s)
}

// sinceRestart is the newest attempt since the run was started or restarted, or
// nil: what was made before is gone or about to be.
func sinceRestart(rec *run.Record) *run.Cluster {
	if a := rec.Cluster(); a != nil && a.Restart == rec.Run.Restarts {
		return a
	}
	return nil
}

// begin writes the intent of a new attempt, with the next fallback if last has
// failed, and gets its cluster.
func (m *Manager) begin(ctx context.Context, rec *run.Record, last *run.Cluster, s shape) (run.Cluster, error) {
	poolName, err := m.pool(ctx, rec)
	if err != nil {
		return run.Cluster{}, err
	}
	next, err := m.plan(rec, s, poolName)
	if err != nil {
		return run.Cluster{}, err
	}
	if newest := rec.Cluster(); newest != nil {
		next.Attempt = newest.Attempt + 1
	}
	next.Rung = rung(last)
	if next.Rung >= s.profile.Rungs() {
		return run.Cluster{}, fault.New(fault.JobFailed, "all fallbacks of profile %s are exhausted", rec.Spec.Cluster.Profile)
	}
	next.Name, next.State = run.ClusterName(rec.Run.ID, next.Attempt), run.ClusterIntended
	next.Intent, next.IntentAt, next.Units = m.Caller(ctx), time.Now(), units(m.Settings, s.profile.Rung(next.Rung))
	next.Release = s.profile.Release
	ok, err := m.Runs.CreateClusterAttempt(ctx, rec.Run.ID, next)
	if err != nil {
		return run.Cluster{}, err
	}
	if !ok {
		return run.Cluster{}, fault.New(fault.Throttled, "cluster %s is already being created by another invocation", next.Name)
	}
	return m.obtain(ctx, rec, next, s)
}

// rung is the fallback of the attempt after last: the next one after a failure,
// unless that was a lease, whose failure says nothing about a new cluster.
func rung(last *run.Cluster) int {
	switch {
	case last == nil:
		return 0
	case last.State == run.ClusterFailed && !last.Leased:
		return last.Rung + 1
	}
	return last.Rung
}

// obtain gets the cluster of an attempt that has none: one that is there, or a
// new one.
func (m *Manager) obtain(ctx context.Context, rec *run.Record, a run.Cluster, s shape) (run.Cluster, error) {
	found, err := m.placement(a, s).find(ctx, rec, a)
	if err != nil {
		return a, errors.Join(err, m.refused(ctx, rec, a, err))
	}
	if found != nil {
		return *found, nil
	}
	return m.create(ctx, rec, a, s)
}

// resume continues an attempt that another invocation began: that one may still
// be at work, or may have died before or after the call.
func (m *Manager) resume(ctx context.Context, rec *run.Record, a run.Cluster, s shape) (run.Cluster, error) {
	if time.Since(a.IntentAt) < run.Lease {
		return a, fault.New(fault.Throttled, "cluster %s is already being created by another invocation", a.Name)
	}
	before := a.Intent
	a.Intent, a.IntentAt = m.Caller(ctx), time.Now()
	ok, err := m.Runs.ReplaceCluster(ctx, rec.Run.ID, a, run.ClusterIntended, before)
	if err != nil {
		return a, err
	}
	if !ok {
		return a, fault.New(fault.Throttled, "cluster %s is already being created by another invocation", a.Name)
	}
	if before == unclaimed {
		return m.obtain(ctx, rec, a, s)
	}
	id, err := find(ctx, m.EMR, rec.Run, a)
	if err != nil {
		return a, errors.Join(err, m.giveUp(ctx, rec, a, a.Intent))
	}
	if id != "" {
		return m.created(ctx, rec, a, s, id)
	}
	return m.obtain(ctx, rec, a, s)
}

// create calls RunJobFlow. EMR has no client token for it, so the SDK must not
// retry; when the outcome is unknown, the cluster is searched for by its name.
func (m *Manager) create(ctx context.Context, rec *run.Record, a run.Cluster, s shape) (run.Cluster, error) {
	a.Units = m.atSpotPrices(ctx, a.Units)
	out, err := m.EMR.RunJobFlow(ctx, m.request(rec, a, s), once)
	if err == nil {
		return m.created(ctx, rec, a, s, aws.ToString(out.JobFlowId))
	}
	if !fault.IsRejected(err) {
		slog.WarnContext(ctx, "RunJobFlow outcome unknown: searching for cluster by name", "runId", rec.Run.ID, "name", a.Name, "error", err.Error())
		id, findErr := find(ctx, m.EMR, rec.Run, a)
		if findErr == nil && id != "" {
			return m.created(ctx, rec, a, s, id)
		}
	}
	err = next(a, fmt.Errorf("run job flow %s: %w", a.Name, err))
	return a, errors.Join(err, m.refused(ctx, rec, a, err))
}

// refused records what an error of RunJobFlow means for the attempt: one that a
// retry cannot fix ends it, otherwise the next try need not wait for the intent
// to expire.
func (m *Manager) refused(ctx context.Context, rec *run.Record, a run.Cluster, err error) error {
	class, final := finalClass(err)
	switch {
	case final:
		a.State, a.Class, a.Reason, a.EndedAt = run.ClusterFailed, class, err.Error(), time.Now()
		_, writeErr := m.Runs.ReplaceCluster(ctx, rec.Run.ID, a, run.ClusterIntended, a.Intent)
		return writeErr
	case fault.IsRejected(err):
		return m.giveUp(ctx, rec, a, unclaimed)
	}
	return nil // it may have been created: respect the intent, then search again
}

// finalClass is the class of an attempt that a retry of the same request cannot
// help.
func finalClass(err error) (job.Class, bool) {
	switch fault.NameOf(err) { //nolint:exhaustive // the others may pass
	case fault.Capacity:
		return job.ClassCapacity, true
	case fault.Permission:
		return job.ClassPermission, true
	case fault.InvalidInput:
		return refusal(err).class, true
	}
	return "", false
}

// refusal reads the words in which EMR refused a request: those of EMR only, because
// the text of err also contains the name of the pipeline.
func refusal(err error) signal {
	words := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		words = api.ErrorCode() + "\n" + api.ErrorMessage()
	}
	return read(types.ClusterStateChangeReasonCodeValidationError, words)
}

// next names an error of RunJobFlow that the attempt's next fallback may avoid, as
// one about instance types that EMR does not support there.
func next(a run.Cluster, err error) error {
	if why := refusal(err); fault.NameOf(err) == fault.InvalidInput && why.class == job.ClassCapacity && a.Rung+1 < a.Rungs {
		return fault.New(fault.Capacity, "%w", err)
	}
	return err
}

// unclaimed is the intent of an attempt that was refused: there is no cluster to
// search for, and while calls are throttled none should be wasted.
const unclaimed = "unclaimed"

// giveUp gives up an intent under which nothing was created, so that the next
// try need not wait for its end.
func (m *Manager) giveUp(ctx context.Context, rec *run.Record, a run.Cluster, to string) error {
	before := a.Intent
	a.Intent, a.IntentAt = to, time.Unix(0, 0).UTC()
	_, err := m.Runs.ReplaceCluster(ctx, rec.Run.ID, a, run.ClusterIntended, before)
	return err
}

func once(o *emr.Options) { o.RetryMaxAttempts = 1 }

func (m *Manager) created(ctx context.Context, rec *run.Record, a run.Cluster, s shape, id string) (run.Cluster, error) {
	a.ID, a.State, a.CreatedAt = id, run.ClusterCreated, time.Now()
	slog.InfoContext(ctx, "cluster created", "runId", rec.Run.ID, "clusterId", id, "name", a.Name, "rung", a.Rung, "pool", a.Pool)
	if err := m.placement(a, s).enter(ctx, rec, a); err != nil {
		return a, err
	}
	if _, err := m.Runs.ReplaceCluster(ctx, rec.Run.ID, a, run.ClusterIntended, a.Intent); err != nil {
		return a, err
	}
	return a, nil
}
