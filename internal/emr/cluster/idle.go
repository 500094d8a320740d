package cluster

import (
	"time"

	"ephemr/internal/run"
)

// idle is after how long without steps EMR ends the run's cluster: while jobs wait for
// their next attempts, it must not.
func idle(rec *run.Record, least time.Duration) time.Duration {
	if d := rec.Spec.LongestDelay(); d > 0 {
		return max(least, d+patience)
	}
	return least
}
