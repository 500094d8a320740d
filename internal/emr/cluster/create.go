package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/emr/pool"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/profile"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/wait"
)

// CreateAPI is the part of EMR that creates clusters and finds them again.
type CreateAPI interface {
	RunJobFlow(context.Context, *emr.RunJobFlowInput, ...func(*emr.Options)) (*emr.RunJobFlowOutput, error)
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
}

// Creator is the CreateCluster state.
type Creator struct {
	Settings stage.Settings
	Runs     *store.Runs
	Clusters *Registry
	Pools    *pool.Store
	EMR      CreateAPI
	Profiles ParameterAPI
	Waker    *wait.Waker
	Caller   func(context.Context) string // names the invocation, for intents
}

// CreateInput is the payload of the CreateCluster state.
type CreateInput struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
	Token     string `json:"token"`
}

// Create sees to it that the run has exactly one cluster on its way and
// registers the token that is answered when steps can run on it.
func (c *Creator) Create(ctx context.Context, in CreateInput) (struct{}, error) {
	began := time.Now()
	rec, err := c.Runs.Load(ctx, in.RunID)
	if err != nil {
		return struct{}{}, err
	}
	if err := rec.Refuse(in.Execution); err != nil {
		return struct{}{}, fmt.Errorf("create cluster: %w", err)
	}
	if rec.Spec == nil {
		return struct{}{}, fault.New(fault.Internal, "create cluster for %s: its pipeline is missing", in.RunID)
	}
	attempt, err := c.ensure(ctx, rec)
	if err != nil {
		return struct{}{}, fmt.Errorf("create cluster for %s: %w", in.RunID, err)
	}
	return struct{}{}, c.Waker.Register(ctx, run.Waiter{
		RunID: in.RunID, Kind: run.ForCluster, Token: in.Token, Execution: in.Execution, ClusterID: attempt.ID,
		Since: began, Deadline: earlier(rec.Run.Deadline, attempt.CreatedAt.Add(c.Settings.Limits.ClusterReady.Std())),
	})
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// ensure returns the run's newest attempt with an id: the one that is there,
// the one that EMR has under its name, or a new one.
func (c *Creator) ensure(ctx context.Context, rec *run.Record) (run.Cluster, error) {
	last := sinceRestart(rec)
	if last != nil && (last.State == run.ClusterCreated || last.State == run.ClusterReady) {
		return *last, nil
	}
	p, err := c.profile(ctx, rec)
	if err != nil {
		return run.Cluster{}, err
	}
	if last != nil && last.State == run.ClusterIntended {
		return c.resume(ctx, rec, *last, p)
	}
	return c.begin(ctx, rec, last, p)
}

// sinceRestart is the newest attempt since the run was started or restarted, or
// nil: what was made before is gone or about to be.
func sinceRestart(rec *run.Record) *run.Cluster {
	if a := rec.Cluster(); a != nil && a.Restart == rec.Run.Restarts {
		return a
	}
	return nil
}

// begin writes the intent of a new attempt, one rung down if last has failed, and
// gets its cluster.
func (c *Creator) begin(ctx context.Context, rec *run.Record, last *run.Cluster, p profile.Profile) (run.Cluster, error) {
	poolName, err := c.pool(ctx, rec)
	if err != nil {
		return run.Cluster{}, err
	}
	next, err := c.plan(rec, p, poolName)
	if err != nil {
		return run.Cluster{}, err
	}
	if newest := rec.Cluster(); newest != nil {
		next.Attempt = newest.Attempt + 1
	}
	next.Rung = rung(last)
	if next.Rung >= p.Rungs() {
		return run.Cluster{}, fault.New(fault.JobFailed, "no rung is left on the ladder of profile %s", rec.Spec.Cluster.Profile)
	}
	next.Name, next.State = run.ClusterName(rec.Run.ID, next.Attempt), run.ClusterIntended
	next.Intent, next.IntentAt, next.Units = c.Caller(ctx), time.Now(), units(p.Rung(next.Rung))
	next.Release = p.Release
	ok, err := c.Runs.Intend(ctx, rec.Run.ID, next)
	if err != nil {
		return run.Cluster{}, err
	}
	if !ok {
		return run.Cluster{}, fault.New(fault.Throttled, "another invocation creates cluster %s", next.Name)
	}
	return c.obtain(ctx, rec, next, p)
}

// rung is where the attempt after last stands on the ladder: a step down from one
// that failed, unless that was a pool's cluster and says nothing of the next.
func rung(last *run.Cluster) int {
	switch {
	case last == nil:
		return 0
	case last.State == run.ClusterFailed && !last.Leased:
		return last.Rung + 1
	}
	return last.Rung
}

// obtain gets the cluster of an attempt that has none: out of its pool, or a new one.
func (c *Creator) obtain(ctx context.Context, rec *run.Record, a run.Cluster, p profile.Profile) (run.Cluster, error) {
	if a.Pool != "" {
		leased, err := c.lease(ctx, rec, a, p)
		if err != nil {
			return a, errors.Join(err, c.refused(ctx, rec, a, err))
		}
		if leased != nil {
			return *leased, nil
		}
	}
	return c.create(ctx, rec, a, p)
}

// resume goes on with an attempt that somebody began: whoever it was may still
// be at it, or may have died before or after the call.
func (c *Creator) resume(ctx context.Context, rec *run.Record, a run.Cluster, p profile.Profile) (run.Cluster, error) {
	if time.Since(a.IntentAt) < run.Lease {
		return a, fault.New(fault.Throttled, "another invocation creates cluster %s", a.Name)
	}
	before := a.Intent
	a.Intent, a.IntentAt = c.Caller(ctx), time.Now()
	ok, err := c.Runs.ReplaceCluster(ctx, rec.Run.ID, a, run.ClusterIntended, before)
	if err != nil {
		return a, err
	}
	if !ok {
		return a, fault.New(fault.Throttled, "another invocation creates cluster %s", a.Name)
	}
	if before == nobody {
		return c.obtain(ctx, rec, a, p)
	}
	id, err := find(ctx, c.EMR, rec.Run, a)
	if err != nil {
		return a, errors.Join(err, c.release(ctx, rec, a, a.Intent))
	}
	if id != "" {
		return c.created(ctx, rec, a, p, id)
	}
	return c.obtain(ctx, rec, a, p)
}

// create calls RunJobFlow. EMR has no client token for it, so the SDK must not
// retry; after an answer that says nothing, the name is looked for.
func (c *Creator) create(ctx context.Context, rec *run.Record, a run.Cluster, p profile.Profile) (run.Cluster, error) {
	out, err := c.EMR.RunJobFlow(ctx, c.request(rec, a, p), once)
	if err == nil {
		return c.created(ctx, rec, a, p, aws.ToString(out.JobFlowId))
	}
	if !fault.IsRejected(err) {
		slog.WarnContext(ctx, "RunJobFlow gave no clear answer, look for the cluster", "runId", rec.Run.ID, "name", a.Name, "error", err.Error())
		id, findErr := find(ctx, c.EMR, rec.Run, a)
		if findErr == nil && id != "" {
			return c.created(ctx, rec, a, p, id)
		}
	}
	err = fmt.Errorf("run job flow %s: %w", a.Name, err)
	return a, errors.Join(err, c.refused(ctx, rec, a, err))
}

// refused records what an error of RunJobFlow means for the attempt: one that
// retrying cannot heal ends it, otherwise the next try need not wait for the
// lease.
func (c *Creator) refused(ctx context.Context, rec *run.Record, a run.Cluster, err error) error {
	switch {
	case fault.NameOf(err) == fault.InvalidInput:
		a.State, a.Class, a.Reason, a.EndedAt = run.ClusterFailed, job.ClassInvalid, err.Error(), time.Now()
		_, writeErr := c.Runs.ReplaceCluster(ctx, rec.Run.ID, a, run.ClusterIntended, a.Intent)
		return writeErr
	case fault.IsRejected(err):
		return c.release(ctx, rec, a, nobody)
	}
	return nil // nobody knows whether it was created: respect the lease, then look again
}

// nobody has the intent of an attempt that was refused: there is no cluster to
// look for, and while calls are refused for their number none should be wasted.
const nobody = "nobody"

// release gives up a lease under which nothing was created, so that the next
// try need not wait for its end.
func (c *Creator) release(ctx context.Context, rec *run.Record, a run.Cluster, to string) error {
	before := a.Intent
	a.Intent, a.IntentAt = to, time.Unix(0, 0).UTC()
	_, err := c.Runs.ReplaceCluster(ctx, rec.Run.ID, a, run.ClusterIntended, before)
	return err
}

func once(o *emr.Options) { o.RetryMaxAttempts = 1 }

func (c *Creator) created(ctx context.Context, rec *run.Record, a run.Cluster, p profile.Profile, id string) (run.Cluster, error) {
	a.ID, a.State, a.CreatedAt = id, run.ClusterCreated, time.Now()
	slog.InfoContext(ctx, "cluster created", "runId", rec.Run.ID, "clusterId", id, "name", a.Name, "rung", a.Rung, "pool", a.Pool)
	if err := c.enter(ctx, rec, a, p); err != nil {
		return a, err
	}
	if _, err := c.Runs.ReplaceCluster(ctx, rec.Run.ID, a, run.ClusterIntended, a.Intent); err != nil {
		return a, err
	}
	return a, nil
}

// enter makes known whose a new cluster is.
func (c *Creator) enter(ctx context.Context, rec *run.Record, a run.Cluster, p profile.Profile) error {
	if a.Pool != "" {
		return c.join(ctx, rec, a, p)
	}
	return c.Clusters.Put(ctx, Record{
		ID: a.ID, RunID: rec.Run.ID, Attempt: a.Attempt, Name: a.Name, CreatedAt: a.CreatedAt, Deadline: rec.Run.Deadline,
		Pipeline: rec.Run.Pipeline, Team: rec.Run.PoolOwner(), AdHoc: rec.Run.Version == 0, Profile: rec.Spec.Cluster.Profile, Release: a.Release, Units: a.Units,
	})
}
