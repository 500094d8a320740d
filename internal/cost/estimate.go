package cost

import "ephemr/internal/run"

// Estimate is how long a run takes, and what it costs.
type Estimate struct {
	Minutes float64 `json:"minutes"`
	USD     float64 `json:"usd"`
	Runs    int     `json:"runs"` // that it is made from
}

// History is how many of a pipeline's newest runs an estimate is made from.
const History = 20

// Typical is the mean of runs that succeeded and had work to do: of those with the profile,
// if there are any. Without runs it is nil.
func Typical(runs []run.Run, profile string) *Estimate {
	var same, all Estimate
	for _, r := range runs {
		if r.State != run.Succeeded || r.NothingToDo || r.StartedAt.IsZero() {
			continue
		}
		all.add(r)
		if profile != "" && r.Cost != nil && r.Cost.Profile == profile {
			same.add(r)
		}
	}
	for _, e := range []Estimate{same, all} {
		if n := float64(e.Runs); n > 0 {
			return &Estimate{Minutes: e.Minutes / n, USD: e.USD / n, Runs: e.Runs}
		}
	}
	return nil
}

func (e *Estimate) add(r run.Run) {
	e.Runs++
	e.Minutes += r.EndedAt.Sub(r.StartedAt).Minutes()
	e.USD += r.CostUSD
}
