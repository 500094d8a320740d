package cost

import (
	"slices"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// Tick is how often the cost of a run is compared with its limit, at the least.
const Tick = time.Minute

// stopping is how long the jobs of a run may take to stop when it ends.
const stopping = time.Minute

// Over returns why a run must end now: if it were ended at the next tick, it would cost more
// than limits.cost of its pipeline. nil = it may go on. A retry begins anew, as with the
// deadline.
func Over(rec *run.Record, now time.Time) error {
	if rec.Spec == nil || rec.Spec.Limits.MostUSD() == 0 {
		return nil
	}
	since := *rec
	since.Clusters = slices.DeleteFunc(slices.Clone(rec.Clusters), func(c run.Cluster) bool { return c.Restart < rec.Run.Restarts })
	if OfRun(&since, now.Add(Tick+stopping)).USD() <= rec.Spec.Limits.MostUSD() {
		return nil
	}
	return fault.New(fault.CostLimit, "run %s has cost about %.2f USD and would pass its limit of %s (limits.cost) within %s",
		rec.Run.ID, OfRun(&since, now).USD(), rec.Spec.Limits.Cost, Tick+stopping)
}
