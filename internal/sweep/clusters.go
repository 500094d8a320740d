package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/events"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// clusters terminates those whose run is over, unknown or past its deadline. It
// returns all that live.
func (s *Sweeper) clusters(ctx context.Context, out *Output) (live []types.ClusterSummary, _ error) {
	in := &emr.ListClustersInput{ClusterStates: []types.ClusterState{
		types.ClusterStateStarting, types.ClusterStateBootstrapping, types.ClusterStateRunning, types.ClusterStateWaiting,
	}}
	var errs []error
	seen := map[string]bool{}
	for p := emr.NewListClustersPaginator(s.EMR, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return live, errors.Join(append(errs, unlessThrottled(ctx, fmt.Errorf("list clusters: %w", err)))...)
		}
		live = append(live, page.Clusters...)
		for _, c := range page.Clusters {
			seen[aws.ToString(c.Id)] = true
			errs = append(errs, unlessThrottled(ctx, s.cluster(ctx, c, out))) // the others must not suffer
		}
	}
	return live, errors.Join(append(errs, unlessThrottled(ctx, s.forget(ctx, seen, out)))...)
}

// unlessThrottled drops err if the next sweep mends it.
func unlessThrottled(ctx context.Context, err error) error {
	if fault.NameOf(err) != fault.Throttled {
		return err
	}
	slog.InfoContext(ctx, "no call left for this, the next sweep goes on", "reason", err.Error())
	return nil
}

func (s *Sweeper) cluster(ctx context.Context, c types.ClusterSummary, out *Output) error {
	id := run.OfCluster(aws.ToString(c.Name))
	if id == "" {
		return nil // named by somebody else
	}
	m, err := s.Pools.Get(ctx, aws.ToString(c.Id))
	if err != nil {
		return err
	}
	if m != nil {
		return s.pooled(ctx, m, out)
	}
	why, err := s.surplus(ctx, id, c, out)
	if err != nil || why == "" {
		return err
	}
	// The name may be a coincidence. Only this stage's own tags count.
	if ours, err := s.tagged(ctx, c, id); err != nil || !ours {
		return err
	}
	if _, err := s.EMR.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{aws.ToString(c.Id)}}); err != nil {
		return fmt.Errorf("terminate cluster %s of run %s: %w", aws.ToString(c.Id), id, err)
	}
	s.Listing.Unlist(ctx, aws.ToString(c.Id))
	if err := cluster.NoteEnding(ctx, s.Runs, id, aws.ToString(c.Id)); err != nil {
		return err
	}
	out.Repairs = append(out.Repairs, events.Repaired{What: "cluster-terminated", RunID: id, ClusterID: aws.ToString(c.Id), Reason: why})
	return nil
}

// tagged says whether a cluster has the tags of this stage and of a run.
func (s *Sweeper) tagged(ctx context.Context, c types.ClusterSummary, id string) (bool, error) {
	d, err := s.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: c.Id})
	if cluster.Foreign(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe cluster %s: %w", aws.ToString(c.Id), err)
	}
	return cluster.Tag(d.Cluster.Tags, cluster.TagStage) == s.Settings.Stage && cluster.Tag(d.Cluster.Tags, cluster.TagRun) == id, nil
}

// surplus says why a cluster should not be there, or "".
func (s *Sweeper) surplus(ctx context.Context, id string, c types.ClusterSummary, out *Output) (string, error) {
	rec, err := s.Runs.Load(ctx, id)
	if run.IsUnknown(err) {
		if young(c) {
			return "", nil
		}
		return "its run is not known", nil
	}
	if err != nil {
		return "", err
	}
	switch {
	case rec.Run.State.Final() && (time.Since(rec.Run.EndedAt) > time.Minute || ended(out, id)):
		return fmt.Sprintf("its run is %s", rec.Run.State), nil
	case slices.ContainsFunc(rec.Clusters, func(a run.Cluster) bool { return a.Name == aws.ToString(c.Name) && a.Restart < rec.Run.Restarts }):
		return "its run has been restarted since", nil
	case !rec.Run.Deadline.IsZero() && time.Since(rec.Run.Deadline) > grace:
		return fmt.Sprintf("its run should have ended by %s", rec.Run.Deadline.Format(time.RFC3339)), nil
	}
	return "", nil
}

// ended says whether it was this sweep that ended the run.
func ended(out *Output, id string) bool {
	return slices.ContainsFunc(out.Repairs, func(r events.Repaired) bool { return r.RunID == id && r.What == "run-finished" })
}

func young(c types.ClusterSummary) bool {
	return c.Status != nil && c.Status.Timeline != nil && c.Status.Timeline.CreationDateTime != nil &&
		time.Since(*c.Status.Timeline.CreationDateTime) < grace
}
