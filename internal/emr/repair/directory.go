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
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
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
func (s *sweep) directory(ctx context.Context, live []types.ClusterSummary) error {
	services, err := s.Directory.All(ctx)
	if err != nil {
		return s.unlessLater(ctx, err)
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
				errs = append(errs, s.unlessLater(ctx, s.deregisterGone(ctx, service, i)))
			}
		}
		if service.Surplus {
			slog.InfoContext(ctx, "dropping empty service of an ad-hoc pipeline", "service", service.Name)
			errs = append(errs, s.unlessLater(ctx, s.Directory.Drop(ctx, service)))
		}
	}
	for _, c := range live {
		if !listed[aws.ToString(c.Id)] && ready(c) {
			errs = append(errs, s.unlessLater(ctx, s.registerMissing(ctx, aws.ToString(c.Id))))
		}
	}
	return errors.Join(errs...)
}

// ready says whether a cluster has been ready for so long that it should be in
// the directory.
func ready(c types.ClusterSummary) bool {
	if c.Status == nil || !cluster.State(c.Status.State).Ready() {
		return false
	}
	t := c.Status.Timeline
	return t == nil || t.ReadyDateTime == nil || time.Since(*t.ReadyDateTime) > settling
}

// deregisterGone takes an instance out whose cluster is not among the living. EMR's list
// may miss a cluster that changes just now, so one that is not known to have
// ended is described.
func (s *sweep) deregisterGone(ctx context.Context, in discovery.Listed, i discovery.Instance) error {
	e, err := s.Registration.Registry.Get(ctx, i.ClusterID)
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
	s.repaired(events.Repaired{
		What: "instance-removed", RunID: i.RunID, ClusterID: i.ClusterID, Reason: fmt.Sprintf("%s named it, but the cluster is gone", in.Name),
	})
	return nil
}

func (s *sweep) gone(ctx context.Context, id string) (bool, error) {
	d, err := s.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
	switch {
	case cluster.IsNotOurs(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("describe cluster %s: %w", id, err)
	}
	return cluster.State(d.Cluster.Status.State) == engine.Gone, nil
}

// registerMissing puts a ready cluster of this stage into the directory.
func (s *sweep) registerMissing(ctx context.Context, id string) error {
	e, err := s.Registration.Registry.Get(ctx, id)
	if err != nil || e.ID == "" || !e.EndedAt.IsZero() || time.Since(e.ListedAt) < settling {
		return err
	}
	d, err := s.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
	if err != nil {
		return fmt.Errorf("describe cluster %s: %w", id, err)
	}
	if cluster.Tag(d.Cluster.Tags, cluster.TagStage) != s.Stage || !cluster.State(d.Cluster.Status.State).Ready() {
		return nil
	}
	if err := s.Registration.Reregister(ctx, e, d.Cluster); err != nil {
		return err
	}
	s.repaired(events.Repaired{
		What: "instance-registered", RunID: e.RunID, ClusterID: id, Reason: "it is ready, but the directory did not name it",
	})
	return nil
}
