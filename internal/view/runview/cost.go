package runview

import (
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/run"
)

// Charged is rec's run with what it has cost until now.
func Charged(rec *run.Record, now time.Time) run.Run {
	r := rec.Run
	if r.State.Final() || len(rec.Clusters) == 0 && r.StartedAt.IsZero() {
		return r
	}
	spent := cost.OfRun(rec, now)
	r.Cost, r.CostUSD = &spent, spent.USD()
	return r
}
