package step

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// Submit adds the steps of attempts in one call, except those that the cluster
// has already.
func (s *Steps) Submit(ctx context.Context, rec *run.Record, starts []engine.Start) ([]engine.Handle, error) {
	s.fit(ctx, rec, starts)
	var handles []engine.Handle
	if slices.ContainsFunc(starts, func(x engine.Start) bool { return x.Adopt }) {
		found, err := s.find(ctx, rec, jobs(starts))
		if err != nil {
			return nil, &engine.NotSubmittedError{Err: err}
		}
		handles, starts = found, without(starts, found)
	}
	if len(starts) == 0 {
		return handles, nil
	}
	added, err := s.add(ctx, rec, starts)
	return append(handles, added...), err
}

// add calls AddJobFlowSteps. EMR has no client token for it, so the SDK must not
// retry; when the outcome is unknown, the steps are searched for by their names.
func (s *Steps) add(ctx context.Context, rec *run.Record, starts []engine.Start) ([]engine.Handle, error) {
	c := rec.Cluster()
	in := &emr.AddJobFlowStepsInput{JobFlowId: &c.ID}
	for _, x := range starts {
		uri, err := x.Store(ctx)
		if err != nil {
			return nil, &engine.NotSubmittedError{Err: err}
		}
		in.Steps = append(in.Steps, s.config(c.Step(*x.Job), uri))
	}
	if rec.Run.Role != "" {
		in.ExecutionRoleArn = &rec.Run.Role
	}
	out, err := s.EMR.AddJobFlowSteps(ctx, in, func(o *emr.Options) { o.RetryMaxAttempts = 1 })
	var handles []engine.Handle
	if err == nil {
		for i, x := range starts {
			handles = append(handles, engine.Handle{Job: x.Job.Name, CapacityID: c.ID, ID: out.StepIds[i]})
		}
		return handles, nil
	}
	if fault.IsRejected(err) {
		return nil, s.refused(ctx, rec, err)
	}
	slog.WarnContext(ctx, "AddJobFlowSteps outcome unknown: searching for steps by name", "runId", rec.Run.ID, "clusterId", c.ID, "error", err.Error())
	found, findErr := s.find(ctx, rec, jobs(starts))
	if findErr == nil && len(found) == len(starts) {
		return found, nil
	}
	return found, errors.Join(err, findErr)
}

// refused says why EMR refused the steps: the cluster may have ended since the
// last step did.
func (s *Steps) refused(ctx context.Context, rec *run.Record, err error) error {
	c := rec.Cluster()
	if fault.NameOf(err) == fault.InvalidInput {
		l := &lookup{emr: s.EMR, id: c.ID}
		if got, lookErr := l.capacity(ctx); lookErr == nil && got.State == engine.Gone {
			if got.Retry = c.Leased; c.Leased {
				if err := s.Pools.MarkGone(ctx, c.ID); err != nil {
					return &engine.NotSubmittedError{Err: err, Absent: true}
				}
			}
			return &engine.LostError{Capacity: got}
		}
	}
	return &engine.NotSubmittedError{Err: err, Absent: true}
}

// fit makes the cluster as large as the jobs request that are in flight or about
// to be, and no larger. They do not wait for it. When the last job has ended the
// cluster ends as well, or goes back to its pool, which takes back what was added.
func (s *Steps) fit(ctx context.Context, rec *run.Record, starts []engine.Start) {
	if !rec.Spec.Resizes() {
		return
	}
	var names []string
	for _, j := range rec.Jobs {
		if j.State == run.JobSubmitting || j.State == run.JobRunning {
			names = append(names, j.Name)
		}
	}
	if len(names) == 0 {
		return
	}
	note := s.Sizes.Fit(ctx, rec, *rec.Cluster(), rec.Spec.TaskUnits(names...))
	for _, x := range starts {
		if x.Job.Resize = ""; rec.Spec.TaskUnits(x.Job.Name) > 0 {
			x.Job.Resize = note
		}
	}
}

func jobs(starts []engine.Start) []*run.Job {
	var all []*run.Job
	for _, x := range starts {
		all = append(all, x.Job)
	}
	return all
}

// without returns the starts that have no handle.
func without(starts []engine.Start, found []engine.Handle) []engine.Start {
	return slices.DeleteFunc(slices.Clone(starts), func(x engine.Start) bool {
		return slices.ContainsFunc(found, func(h engine.Handle) bool { return h.Job == x.Job.Name })
	})
}

// Stop cancels the steps in flight. What EMR refuses has ended by itself, or its
// cluster has: the next observation says so.
func (s *Steps) Stop(ctx context.Context, rec *run.Record, kill bool) error {
	option := types.StepCancellationOptionSendInterrupt
	if kill {
		option = types.StepCancellationOptionTerminateProcess
	}
	clusterID := rec.Cluster().ID
	var ids []string
	for _, j := range rec.InFlight() {
		ids = append(ids, j.StepID)
	}
	slog.InfoContext(ctx, "cancel steps", "runId", rec.Run.ID, "clusterId", clusterID, "steps", ids, "option", string(option))
	if err := cluster.Cancel(ctx, s.EMR, clusterID, ids, option); err != nil {
		return fmt.Errorf("stop run %s: %w", rec.Run.ID, err)
	}
	return nil
}
