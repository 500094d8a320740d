package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/run"
)

// TerminateAPI is the part of EMR that ends clusters.
type TerminateAPI interface {
	TerminateJobFlows(context.Context, *emr.TerminateJobFlowsInput, ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error)
}

// Terminator is the TerminateCluster state.
type Terminator struct {
	Runs    *run.Store
	Listing *Listing
	EMR     interface {
		TerminateAPI
		Finder
	}
}

// TerminateInput is the payload of the TerminateCluster state.
type TerminateInput struct {
	RunID string `json:"runId"`
}

// TerminateOutput lists the clusters whose end was asked for.
type TerminateOutput struct {
	Clusters []string `json:"clusters"`
}

// Terminate asks EMR to end every cluster the run may have: those with an id
// and one that was perhaps created without anybody learning its id.
func (t *Terminator) Terminate(ctx context.Context, in TerminateInput) (TerminateOutput, error) {
	out := TerminateOutput{Clusters: []string{}}
	rec, err := t.Runs.Load(ctx, in.RunID)
	if err != nil {
		return out, err
	}
	for _, c := range rec.Clusters {
		if c.ID == "" && c.State == run.ClusterIntended {
			if c.ID, err = find(ctx, t.EMR, rec.Run, c); err != nil {
				return out, err
			}
		}
		if c.ID == "" || c.State == run.ClusterTerminating {
			continue
		}
		out.Clusters = append(out.Clusters, c.ID)
	}
	for i := 0; i < len(out.Clusters); i += 10 {
		ids := out.Clusters[i:min(i+10, len(out.Clusters))]
		if _, err := t.EMR.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: ids}); err != nil {
			return out, fmt.Errorf("terminate clusters %v of run %s: %w", ids, in.RunID, err)
		}
	}
	slog.InfoContext(ctx, "clusters terminated", "runId", in.RunID, "clusters", out.Clusters)
	err = t.record(ctx, rec)
	t.Listing.Unlist(ctx, out.Clusters...)
	return out, err
}

func (t *Terminator) record(ctx context.Context, rec *run.Record) error {
	for _, c := range rec.Clusters {
		if c.State != run.ClusterCreated && c.State != run.ClusterReady {
			continue
		}
		from := c.State
		c.State, c.EndedAt = run.ClusterTerminating, time.Now()
		if _, err := t.Runs.ReplaceCluster(ctx, rec.Run.ID, c, from, c.Intent); err != nil {
			return err
		}
	}
	return nil
}
