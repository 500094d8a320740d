package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/emr/pool"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// TerminateAPI is the part of EMR that ends clusters.
type TerminateAPI interface {
	TerminateJobFlows(context.Context, *emr.TerminateJobFlowsInput, ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error)
}

// Terminator is the TerminateCluster state, and ends clusters by hand.
type Terminator struct {
	Stage   string
	Runs    *store.Runs
	Pools   *pool.Store
	Sizes   Sizes
	Listing *Listing
	EMR     interface {
		TerminateAPI
		DescribeAPI
		Finder
		StepsAPI
	}
}

// Sizes are what runs have made of clusters that outlive them.
type Sizes interface {
	// Leave takes back what the attempt called holder has wanted of a cluster.
	Leave(ctx context.Context, clusterID, holder string) error
}

// TerminateInput is the payload of the TerminateCluster state.
type TerminateInput struct {
	RunID string `json:"runId"`
}

// TerminateOutput lists the clusters whose end was asked for, and those that were
// given back to their pools.
type TerminateOutput struct {
	Clusters []string `json:"clusters"`
	Released []string `json:"released"`
}

// Terminate asks EMR to end every cluster the run may have: those with an id
// and one that was perhaps created without anybody learning its id. A pool's
// cluster is given back instead.
func (t *Terminator) Terminate(ctx context.Context, in TerminateInput) (TerminateOutput, error) {
	out := TerminateOutput{Clusters: []string{}, Released: []string{}}
	rec, err := t.Runs.Load(ctx, in.RunID)
	if err != nil {
		return out, err
	}
	for _, c := range rec.Clusters {
		end := t.end
		if c.Pool != "" {
			end = t.giveBack
		}
		if err := end(ctx, rec, c, &out); err != nil {
			return out, fmt.Errorf("end cluster %s of run %s: %w", c.Name, in.RunID, err)
		}
	}
	for ids := range slices.Chunk(out.Clusters, perTermination) {
		if _, err := t.EMR.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: ids}); err != nil {
			return out, fmt.Errorf("terminate clusters %v of run %s: %w", ids, in.RunID, err)
		}
	}
	slog.InfoContext(ctx, "clusters terminated", "runId", in.RunID, "clusters", out.Clusters, "released", out.Released)
	err = t.record(ctx, rec, out)
	t.Listing.Unlist(ctx, out.Clusters...)
	return out, err
}

// perTermination is how many clusters one call ends.
const perTermination = 10

// end takes the cluster of an attempt that nobody else uses for those to terminate.
func (t *Terminator) end(ctx context.Context, rec *run.Record, a run.Cluster, out *TerminateOutput) (err error) {
	if a.ID == "" && a.State == run.ClusterIntended {
		if a.ID, err = find(ctx, t.EMR, rec.Run, a); err != nil {
			return err
		}
	}
	if a.ID != "" && a.State != run.ClusterTerminating {
		out.Clusters = append(out.Clusters, a.ID)
	}
	return nil
}

// record notes what became of the clusters, and buries those of pools that were
// terminated.
func (t *Terminator) record(ctx context.Context, rec *run.Record, out TerminateOutput) error {
	for _, c := range rec.Clusters {
		ended := slices.Contains(out.Clusters, c.ID)
		if c.Pool != "" && ended {
			if err := t.Pools.Bury(ctx, c.ID); err != nil {
				return err
			}
		}
		if c.State != run.ClusterCreated && c.State != run.ClusterReady {
			continue
		}
		from := c.State
		c.State, c.EndedAt = run.ClusterTerminating, time.Now()
		if c.Pool != "" && !ended {
			c.State = run.ClusterReleased
		}
		if _, err := t.Runs.ReplaceCluster(ctx, rec.Run.ID, c, from, c.Intent); err != nil {
			return err
		}
	}
	return nil
}
