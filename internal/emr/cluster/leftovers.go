package cluster

import (
	"context"
	"log/slog"
	"slices"

	"ephemr/internal/run"
)

// Leftovers reports whether a runner of the attempt may have left YARN applications
// or processes on its cluster: one that was killed leaves no result, and nothing of
// its job ends with it. Other runs must not get such a cluster.
func Leftovers(ctx context.Context, rec *run.Record, a run.Cluster) bool {
	if a.Restart < rec.Run.Restarts { // the records of its jobs are gone
		return true
	}
	i := slices.IndexFunc(rec.Jobs, func(j run.Job) bool {
		unknown := j.State == run.JobSubmitting || j.State == run.JobRunning // the exit code is that of an earlier attempt
		return j.ClusterID == a.ID && (unknown || j.ExitCode == nil)
	})
	if i >= 0 {
		slog.WarnContext(ctx, "runner ended without a result: draining cluster from the pool", "runId", rec.Run.ID, "job", rec.Jobs[i].Name, "clusterId", a.ID)
	}
	return i >= 0
}
