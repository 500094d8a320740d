package sweep

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
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/outcome"
)

// Directory is where ready clusters are found.
type Directory interface {
	All(ctx context.Context) ([]discovery.Listed, error)
	Remove(ctx context.Context, service, clusterID string) error
	Drop(ctx context.Context, s discovery.Listed) error
}

// settling is how long what was asked of the directory may take to show.
const settling = time.Minute

// directory makes the directory name the clusters that are ready, and no others.
func (s *Sweeper) directory(ctx context.Context, live []types.ClusterSummary, out *Output) error {
	services, err := s.Directory.All(ctx)
	if err != nil {
		return unlessThrottled(ctx, err)
	}
	alive := map[string]bool{}
	for _, c := range live {
		alive[aws.ToString(c.Id)] = true
	}
	var errs []error
	listed := map[string]bool{}
	for _, service := range services {
		for _, i := range service.Instances {
			listed[i.ClusterID] = true
			if !alive[i.ClusterID] {
				errs = append(errs, unlessThrottled(ctx, s.stale(ctx, service, i, out)))
			}
		}
		if service.Surplus {
			slog.InfoContext(ctx, "service of an ad-hoc pipeline is empty, drop it", "service", service.Name)
			errs = append(errs, unlessThrottled(ctx, s.Directory.Drop(ctx, service)))
		}
	}
	for _, c := range live {
		if !listed[aws.ToString(c.Id)] && ready(c) {
			errs = append(errs, unlessThrottled(ctx, s.missing(ctx, aws.ToString(c.Id), out)))
		}
	}
	return errors.Join(errs...)
}

// ready says whether a cluster has been ready for so long that it should be in
// the directory.
func ready(c types.ClusterSummary) bool {
	if c.Status == nil || !outcome.Ready(c.Status.State) {
		return false
	}
	t := c.Status.Timeline
	return t == nil || t.ReadyDateTime == nil || time.Since(*t.ReadyDateTime) > settling
}

// stale takes an instance out whose cluster is not among the living. EMR's list
// may miss a cluster that changes just now, so whoever is not known to have ended
// is asked for.
func (s *Sweeper) stale(ctx context.Context, in discovery.Listed, i discovery.Instance, out *Output) error {
	e, err := s.Listing.Registry.Get(ctx, i.ClusterID)
	if err != nil {
		return err
	}
	switch {
	case e.ID != "" && e.EndedAt.IsZero():
		if gone, err := s.gone(ctx, i.ClusterID); err != nil || !gone {
			return err
		}
	case time.Since(e.EndedAt) < settling:
		return nil
	}
	if err := s.Directory.Remove(ctx, in.ID, i.ClusterID); err != nil {
		return err
	}
	out.Repairs = append(out.Repairs, events.Repaired{
		What: "instance-removed", RunID: i.RunID, ClusterID: i.ClusterID, Reason: fmt.Sprintf("%s named it, but the cluster is gone", in.Name),
	})
	return nil
}

func (s *Sweeper) gone(ctx context.Context, id string) (bool, error) {
	d, err := s.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
	switch {
	case cluster.Foreign(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("describe cluster %s: %w", id, err)
	}
	return outcome.Gone(d.Cluster.Status.State), nil
}

// missing puts a ready cluster of this stage into the directory.
func (s *Sweeper) missing(ctx context.Context, id string, out *Output) error {
	e, err := s.Listing.Registry.Get(ctx, id)
	if err != nil || e.ID == "" || !e.EndedAt.IsZero() || time.Since(e.ListedAt) < settling {
		return err
	}
	d, err := s.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
	if err != nil {
		return fmt.Errorf("describe cluster %s: %w", id, err)
	}
	if cluster.Tag(d.Cluster.Tags, cluster.TagStage) != s.Settings.Stage || !outcome.Ready(d.Cluster.Status.State) {
		return nil
	}
	if err := s.Listing.Relist(ctx, e, d.Cluster); err != nil {
		return err
	}
	out.Repairs = append(out.Repairs, events.Repaired{
		What: "instance-registered", RunID: e.RunID, ClusterID: id, Reason: "it is ready, but the directory did not name it",
	})
	return nil
}
