package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/engine"
	"ephemr/internal/run"
)

// released collects what becomes of a run's clusters.
type released struct{ engine.Released }

func (r *released) end(id string)  { r.Ended = append(r.Ended, id) }
func (r *released) keep(id string) { r.Kept = append(r.Kept, id) }

// Release terminates every cluster that the run may have: those with an id and
// one that was perhaps created without an answer. A pool's cluster is given back
// instead.
func (m *Manager) Release(ctx context.Context, rec *run.Record) (engine.Released, error) {
	out := released{engine.Released{Ended: []string{}, Kept: []string{}}}
	for _, c := range rec.Clusters {
		if err := m.placement(c, shape{}).release(ctx, rec, c, &out); err != nil {
			return out.Released, fmt.Errorf("end cluster %s of run %s: %w", c.Name, rec.Run.ID, err)
		}
	}
	for ids := range slices.Chunk(out.Ended, perTermination) {
		if _, err := m.EMR.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: ids}); err != nil {
			return out.Released, fmt.Errorf("terminate clusters %v of run %s: %w", ids, rec.Run.ID, err)
		}
	}
	slog.InfoContext(ctx, "clusters released", "runId", rec.Run.ID, "terminated", out.Ended, "returned", out.Kept)
	err := m.record(ctx, rec, out.Released)
	m.Registration.Deregister(ctx, out.Ended...)
	return out.Released, err
}

// perTermination is how many clusters one call ends.
const perTermination = 10

// record records what became of the clusters.
func (m *Manager) record(ctx context.Context, rec *run.Record, out engine.Released) error {
	for _, c := range rec.Clusters {
		place, ended := m.placement(c, shape{}), slices.Contains(out.Ended, c.ID)
		if ended {
			if err := place.ended(ctx, c); err != nil {
				return err
			}
		}
		if c.State != run.ClusterCreated && c.State != run.ClusterReady {
			continue
		}
		from := c.State
		c.State, c.EndedAt = place.endState(ended), time.Now()
		if _, err := m.Runs.ReplaceCluster(ctx, rec.Run.ID, c, from, c.Intent); err != nil {
			return err
		}
	}
	return nil
}
