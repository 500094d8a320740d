package step

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
)

// untouched says whether nothing of rec has begun but what was just refused.
func untouched(rec *run.Record, claimed []*run.Job) bool {
	return !slices.ContainsFunc(rec.Jobs, func(j run.Job) bool {
		before := j.Attempt
		if slices.ContainsFunc(claimed, func(c *run.Job) bool { return c.Name == j.Name }) {
			before--
		}
		return before > j.Base
	})
}

// again lets the run ask for another cluster: the pool's one that it had leased
// went away before its first step, which says nothing of the run.
func (s *Submitter) again(ctx context.Context, rec *run.Record, claimed []*run.Job, status *types.ClusterStatus) error {
	if err := s.unclaim(ctx, rec, claimed); err != nil {
		return err
	}
	c := *rec.Cluster()
	if err := s.Pools.Bury(ctx, c.ID); err != nil {
		return err
	}
	from := c.State
	_, why := outcome.OfCluster(status)
	c.State, c.Class, c.Reason, c.EndedAt = run.ClusterFailed, job.ClassLost, "the pool's cluster went away before the first step: "+why, time.Now()
	if _, err := s.Runs.ReplaceCluster(ctx, rec.Run.ID, c, from, c.Intent); err != nil {
		return err
	}
	return fault.New(fault.Capacity, "cluster %s of pool %s is gone: %s", c.ID, c.Pool, why)
}
