package step

import (
	"context"
	"slices"
	"time"

	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// lost ends what was claimed on a capacity that is gone, or lets the run acquire
// another one if that can help and nothing of it has begun.
func (s *Submitter) lost(ctx context.Context, rec *run.Record, claimed []engine.Start, c engine.Capacity) error {
	if c.Retry && nothingStarted(rec, claimed) {
		return s.replaceLost(ctx, rec, claimed, c)
	}
	return abandon(ctx, s.Runs, rec, c)
}

// nothingStarted reports whether no attempt of rec has begun but those that were
// just refused.
func nothingStarted(rec *run.Record, claimed []engine.Start) bool {
	return !slices.ContainsFunc(rec.Jobs, func(j run.Job) bool {
		before := j.Attempt
		if slices.ContainsFunc(claimed, func(x engine.Start) bool { return x.Job.Name == j.Name }) {
			before--
		}
		return before > j.Base && j.ClusterID == rec.Cluster().ID
	})
}

// replaceLost lets the run ask for another capacity: the shared one that it had
// ended before its first step, which says nothing about the run.
func (s *Submitter) replaceLost(ctx context.Context, rec *run.Record, claimed []engine.Start, lost engine.Capacity) error {
	if err := s.unclaim(ctx, rec, claimed); err != nil {
		return err
	}
	c := *rec.Cluster()
	from := c.State
	c.State, c.Class, c.Reason, c.EndedAt = run.ClusterFailed, job.ClassLost, "the pool's cluster went away before the first step: "+lost.Reason, time.Now()
	if _, err := s.Runs.ReplaceCluster(ctx, rec.Run.ID, c, from, c.Intent); err != nil {
		return err
	}
	return fault.New(fault.Capacity, "cluster %s of pool %s is gone: %s", c.ID, c.Pool, lost.Reason)
}

// abandon ends what can no longer run because the capacity is gone: what was to
// be tried again or was being submitted has failed, the rest is skipped.
func abandon(ctx context.Context, runs *store.Runs, rec *run.Record, gone engine.Capacity) error {
	class, ended := gone.Class, run.JobCancelled
	if class != job.ClassCancelled {
		class, ended = job.ClassLost, run.JobFailed
	}
	for i := range rec.Jobs {
		j := rec.Jobs[i]
		if j.State != run.JobPending && j.State != run.JobSubmitting {
			continue
		}
		next := j
		next.State, next.Class, next.Reason, next.EndedAt = run.JobSkipped, class, "the cluster went away: "+gone.Reason, time.Now()
		if j.Attempt > j.Base {
			next.State = ended
		}
		if _, err := runs.ReplaceJob(ctx, rec.Run.ID, next, j.State, j.Attempt); err != nil {
			return err
		}
		rec.Jobs[i] = next
	}
	return nil
}
