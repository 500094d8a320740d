package capacity

import (
	"context"

	"ephemr/internal/engine"
	"ephemr/internal/run/store"
)

// Releaser is the TerminateCluster state.
type Releaser struct {
	Runs    *store.Runs
	Engines engine.Set
}

// ReleaseInput is the payload of the TerminateCluster state.
type ReleaseInput struct {
	RunID string `json:"runId"`
}

// ReleaseOutput lists the clusters whose end was requested, and those that were
// given back to their pools.
type ReleaseOutput struct {
	Clusters []string `json:"clusters"`
	Released []string `json:"released"`
}

// Release gives up every capacity that the run has or may have.
func (r *Releaser) Release(ctx context.Context, in ReleaseInput) (ReleaseOutput, error) {
	out := ReleaseOutput{Clusters: []string{}, Released: []string{}}
	rec, err := r.Runs.Load(ctx, in.RunID)
	if err != nil {
		return out, err
	}
	got, err := r.Engines.Of(rec).Release(ctx, rec)
	out.Clusters, out.Released = append(out.Clusters, got.Ended...), append(out.Released, got.Kept...)
	return out, err
}
