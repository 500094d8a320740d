package backfill

import (
	"context"

	"ephemr/internal/cost"
	"ephemr/internal/run"
)

// Estimate is how long runs take, and what they cost.
type Estimate struct {
	Minutes float64 `json:"minutes"`
	USD     float64 `json:"usd"`
}

// estimate is that of the newest runs of a pipeline, or nil if there are none.
func estimate(ctx context.Context, runs Runs, name string) (*Estimate, error) {
	all, err := runs.List(ctx, run.Query{Pipeline: name, State: run.Succeeded, Limit: cost.History})
	if err != nil {
		return nil, err
	}
	each := cost.Typical(all, "")
	if each == nil {
		return nil, nil //nolint:nilnil // no estimate
	}
	return &Estimate{Minutes: each.Minutes, USD: each.USD}, nil
}

// times is the estimate for n runs of which some run side by side.
func (e Estimate) times(n, parallel int) Estimate {
	return Estimate{Minutes: e.Minutes * float64((n+parallel-1)/parallel), USD: e.USD * float64(n)}
}
