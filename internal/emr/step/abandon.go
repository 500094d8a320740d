package step

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/job"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// DescribeAPI is the part of EMR that looks at the cluster under the steps.
type DescribeAPI interface {
	DescribeCluster(context.Context, *emr.DescribeClusterInput, ...func(*emr.Options)) (*emr.DescribeClusterOutput, error)
}

// clusterLook asks EMR about a cluster at most once.
type clusterLook struct {
	emr DescribeAPI
	id  string
	got *types.ClusterStatus
}

func (c *clusterLook) status(ctx context.Context) (*types.ClusterStatus, error) {
	if c.got != nil {
		return c.got, nil
	}
	out, err := c.emr.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &c.id})
	if err != nil {
		return nil, fmt.Errorf("describe cluster %s: %w", c.id, err)
	}
	c.got = out.Cluster.Status
	return c.got, nil
}

func (c *clusterLook) gone() bool { return c.got != nil && outcome.Gone(c.got.State) }

// abandon ends what can no longer run because the cluster is gone: what was to
// be tried again or was being submitted has failed, the rest is skipped.
func abandon(ctx context.Context, runs *store.Runs, rec *run.Record, status *types.ClusterStatus) error {
	class, reason := outcome.OfCluster(status)
	ended := run.JobCancelled
	if class != job.ClassCancelled {
		class, ended = job.ClassLost, run.JobFailed
	}
	for i := range rec.Jobs {
		j := rec.Jobs[i]
		if j.State != run.JobPending && j.State != run.JobSubmitting {
			continue
		}
		next := j
		next.State, next.Class, next.Reason, next.EndedAt = run.JobSkipped, class, "the cluster went away: "+reason, time.Now()
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
