// Package repair is the EMR engine's part of sweep: it ends clusters that
// outlive their runs, takes back leases that no run returned, ends pool clusters
// that are old, idle or drained, and keeps the service directory in line.
//
// Tested by internal/sweep, statemachines and internal/proof/simulation.
package repair

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/events"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// API is the part of EMR that the Repairer needs.
type API interface {
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
	cluster.DescribeAPI
	cluster.TerminateAPI
	cluster.StepsAPI
}

// Repairer repairs what belongs to EMR.
type Repairer struct {
	Stage        string
	Runs         *store.Runs
	Pools        *pool.Store
	Sizes        cluster.Sizes
	EMR          API
	Directory    Directory
	Registration *cluster.Registration
}

// sweep is one run of the Repairer.
type sweep struct {
	*Repairer

	ended func(runID string) bool // by this sweep
	swept engine.Swept

	unreadable map[string]bool // ids of clusters whose records cannot be decoded
}

func (s *sweep) repaired(r events.Repaired) { s.swept.Repairs = append(s.swept.Repairs, r) }

// Sweep repairs clusters and pools first, the directory last: nothing depends on
// it. ended says which runs this sweep has just ended: their clusters go at once.
func (r *Repairer) Sweep(ctx context.Context, ended func(runID string) bool) (engine.Swept, error) {
	s := &sweep{Repairer: r, ended: ended, unreadable: map[string]bool{}}
	live, clusters := s.clusters(ctx)
	directory := s.directory(ctx, live)
	s.swept.Unreadable = len(s.unreadable) + len(s.Runs.Skipped())
	return s.swept, errors.Join(clusters, directory)
}

// clusters terminates those whose run is over, unknown or past its deadline. It
// returns all that live.
func (s *sweep) clusters(ctx context.Context) (live []types.ClusterSummary, _ error) {
	in := &emr.ListClustersInput{ClusterStates: []types.ClusterState{
		types.ClusterStateStarting, types.ClusterStateBootstrapping, types.ClusterStateRunning, types.ClusterStateWaiting,
	}}
	var errs []error
	seen := map[string]bool{}
	for p := emr.NewListClustersPaginator(s.EMR, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return live, errors.Join(append(errs, s.unlessLater(ctx, fmt.Errorf("list clusters: %w", err)))...)
		}
		live = append(live, page.Clusters...)
		for _, c := range page.Clusters {
			seen[aws.ToString(c.Id)] = true
			errs = append(errs, s.unlessLater(ctx, fault.Safely(func() error { return s.cluster(ctx, c) }))) // the others are not affected
		}
	}
	return live, errors.Join(append(errs, s.unlessLater(ctx, s.forget(ctx, seen)))...)
}

// unlessLater drops err if the next sweep can try again, or if it is about a record
// that cannot be decoded: that is counted.
func (s *sweep) unlessLater(ctx context.Context, err error) error {
	if unreadable, ok := errors.AsType[*pool.UnreadableError](err); ok {
		slog.ErrorContext(ctx, "record unreadable: skipped", "clusterId", unreadable.ID, "error", err.Error())
		s.unreadable[unreadable.ID] = true
		return nil
	}
	if fault.NameOf(err) != fault.Throttled {
		return err
	}
	slog.InfoContext(ctx, "EMR throttled: deferring repair to the next sweep", "reason", err.Error())
	return nil
}

func (s *sweep) cluster(ctx context.Context, c types.ClusterSummary) error {
	id := run.OfCluster(aws.ToString(c.Name))
	if id == "" {
		return nil // not named by ephemr
	}
	m, err := s.Pools.Get(ctx, aws.ToString(c.Id))
	if err != nil {
		return err
	}
	if m != nil {
		return s.pooled(ctx, m)
	}
	why, err := s.orphanReason(ctx, id, c)
	if err != nil || why == "" {
		return err
	}
	// The name may be a coincidence. Only this stage's own tags count.
	if ours, err := s.tagged(ctx, c, id); err != nil || !ours {
		return err
	}
	if err := s.end(ctx, aws.ToString(c.Id)); err != nil {
		return errors.Join(fmt.Errorf("end cluster of run %s: %w", id, err), cluster.NoteUnended(ctx, s.Runs, id, aws.ToString(c.Id), err))
	}
	s.Registration.Deregister(ctx, aws.ToString(c.Id))
	if err := cluster.NoteEnding(ctx, s.Runs, id, aws.ToString(c.Id)); err != nil {
		return err
	}
	s.repaired(events.Repaired{What: "cluster-terminated", RunID: id, ClusterID: aws.ToString(c.Id), Reason: why})
	return nil
}

// end terminates a cluster, and counts it if that is refused: it goes on, and costs.
func (s *sweep) end(ctx context.Context, id string) error {
	_, err := cluster.Terminate(ctx, s.EMR, id)
	if err != nil && fault.NameOf(err) != fault.Throttled {
		slog.ErrorContext(ctx, "cluster not terminated: it still runs", "clusterId", id, "error", err.Error())
		s.swept.Unended++
	}
	return err
}

// tagged says whether a cluster has the tags of this stage and of a run.
func (s *sweep) tagged(ctx context.Context, c types.ClusterSummary, id string) (bool, error) {
	d, err := s.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: c.Id})
	if cluster.IsNotOurs(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe cluster %s: %w", aws.ToString(c.Id), err)
	}
	return cluster.Tag(d.Cluster.Tags, cluster.TagStage) == s.Stage && cluster.Tag(d.Cluster.Tags, cluster.TagRun) == id, nil
}

// orphanReason says why a cluster should not be there, or "".
func (s *sweep) orphanReason(ctx context.Context, id string, c types.ClusterSummary) (string, error) {
	rec, err := s.Runs.Load(ctx, id)
	if run.IsUnknown(err) {
		rec, err = nil, nil
	}
	if err != nil {
		return "", err
	}
	if rec == nil && young(c) || rec != nil && rec.Run.State.Final() && time.Since(rec.Run.EndedAt) <= time.Minute && !s.ended(id) {
		return "", nil
	}
	return engine.OrphanReason(rec, aws.ToString(c.Name)), nil
}

func young(c types.ClusterSummary) bool {
	return c.Status != nil && c.Status.Timeline != nil && c.Status.Timeline.CreationDateTime != nil &&
		time.Since(*c.Status.Timeline.CreationDateTime) < engine.Grace
}
