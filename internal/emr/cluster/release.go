package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"ephemr/internal/engine"
	"ephemr/internal/fault"
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
	wanted := out.Ended
	ended, err := Terminate(ctx, m.EMR, wanted...)
	out.Ended = append([]string{}, ended...)
	slog.InfoContext(ctx, "clusters released", "runId", rec.Run.ID, "terminated", out.Ended, "returned", out.Kept)
	if err != nil {
		err = fmt.Errorf("end clusters of run %s: %w", rec.Run.ID, err)
	}
	err = errors.Join(err, m.record(ctx, rec, wanted, out.Released, err))
	m.Registration.Deregister(ctx, out.Ended...)
	return out.Released, err
}

// record records what became of the clusters. Those that were to end and did not,
// because of why, go on as they are, and say so.
func (m *Manager) record(ctx context.Context, rec *run.Record, wanted []string, out engine.Released, why error) error {
	for i, c := range rec.Clusters {
		place, ended := m.placement(c, shape{}), slices.Contains(out.Ended, c.ID)
		if !ended && slices.Contains(wanted, c.ID) {
			if err := m.unended(ctx, rec, &rec.Clusters[i], why); err != nil {
				return err
			}
			continue
		}
		if ended {
			if err := place.ended(ctx, c); err != nil {
				return err
			}
		}
		if c.State != run.ClusterCreated && c.State != run.ClusterReady {
			continue
		}
		from := c.State
		c.State, c.EndedAt, c.Unended = place.endState(ended), time.Now(), ""
		if _, err := m.Runs.ReplaceCluster(ctx, rec.Run.ID, c, from, c.Intent); err != nil {
			return err
		}
	}
	return nil
}

// unended records that a cluster goes on although its end was wanted. Sweep tries
// again. While calls are throttled, nothing is known yet.
func (m *Manager) unended(ctx context.Context, rec *run.Record, c *run.Cluster, why error) error {
	if why == nil || fault.NameOf(why) == fault.Throttled {
		return nil
	}
	c.Unended = why.Error()
	_, err := m.Runs.ReplaceCluster(ctx, rec.Run.ID, *c, c.State, c.Intent)
	return err
}
