package backfill

import (
	"context"

	"ephemr/internal/run"
)

// Estimate is how long runs take, and what they cost.
type Estimate struct {
	Minutes float64 `json:"minutes"`
	USD     float64 `json:"usd"`
}

// newest is how many runs an estimate is made from.
const newest = 20

// estimate is the mean of the newest runs of a pipeline that succeeded and had work to do,
// or nil if there are none.
func estimate(ctx context.Context, runs Runs, name string) (*Estimate, error) {
	all, err := runs.List(ctx, run.Query{Pipeline: name, State: run.Succeeded, Limit: newest})
	if err != nil {
		return nil, err
	}
	var sum Estimate
	n := 0.0
	for _, r := range all {
		if r.NothingToDo || r.StartedAt.IsZero() {
			continue
		}
		n++
		sum.Minutes += r.EndedAt.Sub(r.StartedAt).Minutes()
		sum.USD += r.CostUSD
	}
	if n == 0 {
		return nil, nil //nolint:nilnil // no estimate
	}
	return &Estimate{Minutes: sum.Minutes / n, USD: sum.USD / n}, nil
}

// times is the estimate for n runs of which some run side by side.
func (e Estimate) times(n, parallel int) Estimate {
	return Estimate{Minutes: e.Minutes * float64((n+parallel-1)/parallel), USD: e.USD * float64(n)}
}
