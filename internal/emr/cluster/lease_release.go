package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/pool"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// release ends an attempt's lease of a pool's cluster. The cluster goes on for
// others, unless it never got ready, or a step of ours is still busy there or may
// have left something behind: then it is drained, and the run that returns the last
// lease terminates it.
func (l leased) release(ctx context.Context, rec *run.Record, a run.Cluster, out *released) error {
	switch a.State {
	case run.ClusterReleased, run.ClusterTerminating:
		return nil
	case run.ClusterIntended:
		return l.releaseUnseen(ctx, rec, a, out)
	case run.ClusterCreated, run.ClusterReady, run.ClusterFailed:
	}
	busy, err := l.stop(ctx, rec, a)
	if err != nil {
		return err
	}
	never := !a.Leased && a.State != run.ClusterReady
	grown, err := l.grown(ctx, rec, a)
	if err != nil {
		return err
	}
	return l.giveBack(ctx, a, never || busy || grown || Leftovers(ctx, rec, a), out)
}

// grown takes back the task units that the run's jobs requested, and reports
// whether EMR refused: then no other run may lease the cluster.
func (l leased) grown(ctx context.Context, rec *run.Record, a run.Cluster) (bool, error) {
	if rec.Spec == nil || !rec.Spec.Resizes() {
		return false, nil
	}
	err := l.Sizes.Leave(ctx, a.ID, a.Name)
	if fault.NameOf(err) == fault.InvalidInput {
		slog.WarnContext(ctx, "cannot shrink cluster: draining it from the pool", "clusterId", a.ID, "pool", a.Pool, "reason", err.Error())
		return true, nil
	}
	return false, err
}

// releaseUnseen ends what an attempt may have got without a record of it: a
// lease, or a cluster that has joined the pool or has not.
func (l leased) releaseUnseen(ctx context.Context, rec *run.Record, a run.Cluster, out *released) error {
	all, err := l.Pools.Clusters(ctx, pool.ID{Team: rec.Run.PoolOwner(), Name: a.Pool})
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Leases[a.Name] > 0 {
			a.ID = m.ID
			return l.giveBack(ctx, a, m.Name == a.Name, out)
		}
	}
	id, err := find(ctx, l.EMR, rec.Run, a)
	if id != "" {
		out.end(id)
	}
	return err
}

func (l leased) giveBack(ctx context.Context, a run.Cluster, drain bool, out *released) error {
	if drain {
		if err := l.Pools.Drain(ctx, a.ID); err != nil {
			return err
		}
	}
	m, err := l.Pools.Release(ctx, a.ID, a.Name, time.Now())
	if err != nil {
		return err
	}
	switch {
	case m == nil: // it never joined, or its record is long gone
		if !a.Leased {
			out.end(a.ID)
		}
		return nil
	case m.State == pool.Draining && m.Empty():
		out.end(a.ID)
		return nil
	case m.State == pool.Gone && m.Empty():
		return l.Pools.MarkGone(ctx, a.ID)
	}
	out.keep(a.ID)
	return nil
}

// InFlightFor is how long after its intent a step may still arrive on a cluster: as
// long as the intent is respected, and as a call can be under way after that.
const InFlightFor = run.Lease + 30*time.Second

// stop kills the attempt's steps that are still busy on its cluster, and says
// whether there were any. Normally StopSteps has seen to it that there are none,
// and EMR need not be asked; but on a cluster that goes on a step must not arrive
// after its lease has been given back.
func (l leased) stop(ctx context.Context, rec *run.Record, a run.Cluster) (busy bool, err error) {
	unsure := func(j run.Job) bool { return j.State == run.JobSubmitting && a.Attempt == rec.Cluster().Attempt }
	going := func(j run.Job) bool { return unsure(j) || j.State == run.JobRunning && j.ClusterID == a.ID }
	before := a.Restart < rec.Run.Restarts // the records of its jobs are gone
	if !before && !slices.ContainsFunc(rec.Jobs, going) {
		return false, nil
	}
	for _, j := range rec.Jobs {
		if unsure(j) && time.Since(j.IntentAt) < InFlightFor {
			return false, fault.New(fault.Throttled, "a step of job %s may still be in flight to %s", j.Name, a.ID)
		}
	}
	ids, err := Busy(ctx, l.EMR, a.ID, a.Owns)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	return true, Kill(ctx, l.EMR, a.ID, ids)
}

// Busy returns the steps on a cluster that wait or run and whose names match.
func Busy(ctx context.Context, api StepsAPI, clusterID string, match func(step string) bool) ([]string, error) {
	var ids []string
	in := &emr.ListStepsInput{ClusterId: &clusterID, StepStates: []types.StepState{
		types.StepStatePending, types.StepStateRunning, types.StepStateCancelPending,
	}}
	for p := emr.NewListStepsPaginator(api, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if fault.NameOf(err) == fault.InvalidInput {
			return nil, nil // EMR does not know the cluster any more
		}
		if err != nil {
			return nil, fmt.Errorf("list steps of %s: %w", clusterID, err)
		}
		for _, s := range page.Steps {
			if match(aws.ToString(s.Name)) {
				ids = append(ids, aws.ToString(s.Id))
			}
		}
	}
	return ids, nil
}
