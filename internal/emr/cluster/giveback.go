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

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// StepsAPI is the part of EMR that finds the steps of a lease and ends them.
type StepsAPI interface {
	ListSteps(context.Context, *emr.ListStepsInput, ...func(*emr.Options)) (*emr.ListStepsOutput, error)
	CancelSteps(context.Context, *emr.CancelStepsInput, ...func(*emr.Options)) (*emr.CancelStepsOutput, error)
}

// giveBack ends an attempt's lease of a pool's cluster. The cluster goes on for
// others, unless it never got ready or a step of ours is still busy there: then
// nobody gets it any more, and whoever gives back the last lease ends it.
func (t *Terminator) giveBack(ctx context.Context, rec *run.Record, a run.Cluster, out *TerminateOutput) error {
	switch a.State {
	case run.ClusterReleased, run.ClusterTerminating:
		return nil
	case run.ClusterIntended:
		return t.giveBackUnseen(ctx, rec, a, out)
	case run.ClusterCreated, run.ClusterReady, run.ClusterFailed:
	}
	busy, err := t.stop(ctx, rec, a)
	if err != nil {
		return err
	}
	never := !a.Leased && a.State != run.ClusterReady
	grown, err := t.grown(ctx, rec, a)
	if err != nil {
		return err
	}
	return t.release(ctx, a, never || busy || grown, out)
}

// grown gives up what the run's jobs have wanted of the cluster's size, and says
// whether EMR would not take it back: then others must not have it, either.
func (t *Terminator) grown(ctx context.Context, rec *run.Record, a run.Cluster) (bool, error) {
	if rec.Spec == nil || !rec.Spec.Resizes() {
		return false, nil
	}
	err := t.Sizes.Leave(ctx, a.ID, a.Name)
	if fault.NameOf(err) == fault.InvalidInput {
		slog.WarnContext(ctx, "the cluster keeps its size, and nobody else gets it", "clusterId", a.ID, "pool", a.Pool, "reason", err.Error())
		return true, nil
	}
	return false, err
}

// giveBackUnseen ends what an attempt may have got without anybody noting it: a
// lease, or a cluster that has joined the pool or has not.
func (t *Terminator) giveBackUnseen(ctx context.Context, rec *run.Record, a run.Cluster, out *TerminateOutput) error {
	all, err := t.Pools.Clusters(ctx, pool.ID{Team: rec.Run.PoolOwner(), Name: a.Pool})
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Leases[a.Name] > 0 {
			a.ID = m.ID
			return t.release(ctx, a, m.Name == a.Name, out)
		}
	}
	id, err := find(ctx, t.EMR, rec.Run, a)
	if id != "" {
		out.Clusters = append(out.Clusters, id)
	}
	return err
}

func (t *Terminator) release(ctx context.Context, a run.Cluster, drain bool, out *TerminateOutput) error {
	if drain {
		if err := t.Pools.Drain(ctx, a.ID); err != nil {
			return err
		}
	}
	m, err := t.Pools.Release(ctx, a.ID, a.Name, time.Now())
	if err != nil {
		return err
	}
	switch {
	case m == nil: // it never joined, or its record is long gone
		if !a.Leased {
			out.Clusters = append(out.Clusters, a.ID)
		}
		return nil
	case m.State == pool.Draining && m.Empty():
		out.Clusters = append(out.Clusters, a.ID)
		return nil
	case m.State == pool.Gone && m.Empty():
		return t.Pools.Bury(ctx, a.ID)
	}
	out.Released = append(out.Released, a.ID)
	return nil
}

// OnTheWay is how long after its intent a step may still arrive on a cluster: as
// long as the intent is respected, and as a call can be under way after that.
const OnTheWay = run.Lease + 30*time.Second

// stop kills the attempt's steps that are still busy on its cluster, and says
// whether there were any. Normally StopSteps has seen to it that there are none,
// and nobody needs to ask; but on a cluster that goes on a step must not arrive
// after its lease has been given back.
func (t *Terminator) stop(ctx context.Context, rec *run.Record, a run.Cluster) (busy bool, err error) {
	unsure := func(j run.Job) bool { return j.State == run.JobSubmitting && a.Attempt == rec.Cluster().Attempt }
	going := func(j run.Job) bool { return unsure(j) || j.State == run.JobRunning && j.ClusterID == a.ID }
	before := a.Restart < rec.Run.Restarts // what it has there the records do not tell any more
	if !before && !slices.ContainsFunc(rec.Jobs, going) {
		return false, nil
	}
	for _, j := range rec.Jobs {
		if unsure(j) && time.Since(j.IntentAt) < OnTheWay {
			return false, fault.New(fault.Throttled, "a step of job %s may still be on its way to %s", j.Name, a.ID)
		}
	}
	ids, err := Busy(ctx, t.EMR, a.ID, a.Owns)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	return true, Kill(ctx, t.EMR, a.ID, ids)
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

// Kill ends steps without asking their programs first. What EMR refuses has
// ended by itself.
func Kill(ctx context.Context, api StepsAPI, clusterID string, ids []string) error {
	slog.InfoContext(ctx, "kill steps", "clusterId", clusterID, "steps", ids)
	for some := range slices.Chunk(ids, emrapi.MaxCancelled) {
		_, err := api.CancelSteps(ctx, &emr.CancelStepsInput{
			ClusterId: &clusterID, StepIds: some, StepCancellationOption: types.StepCancellationOptionTerminateProcess,
		})
		if err != nil && fault.NameOf(err) != fault.InvalidInput {
			return fmt.Errorf("cancel steps of %s: %w", clusterID, err)
		}
	}
	return nil
}
