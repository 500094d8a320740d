package start

import (
	"context"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/cost"
	"ephemr/internal/run"
)

// Lister lists runs.
type Lister interface {
	List(ctx context.Context, q run.Query) ([]run.Run, error)
}

// Plan is what a dry run prints as JSON.
type Plan struct {
	Pipeline    string         `json:"pipeline"`
	LogicalTime time.Time      `json:"logicalTime"`
	Runs        int            `json:"runs"`            // that would be requested
	Estimate    *cost.Estimate `json:"estimate"`        // of one of them; null if no run has succeeded
	Limit       string         `json:"limit,omitempty"` // limits.cost
}

// plan prints what a request would start, and an estimate.
func plan(ctx context.Context, o Options, io *terminal.IO, c Clients, logical time.Time, n int) error {
	v, err := c.Pipelines.Current(ctx, o.Pipeline)
	if err != nil {
		return err
	}
	past, err := c.Runs.List(ctx, run.Query{Pipeline: o.Pipeline, State: run.Succeeded, Limit: cost.History})
	if err != nil {
		return err
	}
	p := Plan{Pipeline: o.Pipeline, LogicalTime: logical, Runs: n, Estimate: cost.Typical(past, v.Spec.Cluster.Profile), Limit: v.Spec.Limits.Cost}
	if o.JSON {
		return io.JSON(p)
	}
	text := "no estimate: no run of it has succeeded"
	if e := p.Estimate; e != nil {
		text = terminal.Duration(time.Duration(e.Minutes*float64(time.Minute))) + " and " + terminal.About(e.USD) + ", as " + terminal.Count(e.Runs, "run") + " before"
		if n > 1 {
			text += "; all: " + terminal.About(e.USD*float64(n))
		}
	}
	io.Printf("%s of %s for %s: %s\n", terminal.Count(n, "run"), p.Pipeline, logical.UTC().Format("2006-01-02T15:04Z"), text)
	if p.Limit != "" {
		io.Printf("a run ends before it costs more than %s (limits.cost)\n", p.Limit)
	}
	return nil
}
