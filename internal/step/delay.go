package step

import (
	"fmt"
	"hash/fnv"
	"time"

	"ephemr/internal/decide"
	"ephemr/internal/run"
)

// dueAt is when the next attempt of j may start, or zero for at once.
func dueAt(rec *run.Record, j run.Job) time.Time {
	for _, x := range rec.Spec.Jobs {
		if x.Name == j.Name && x.RetryDelay != nil {
			return time.Now().UTC().Add(x.RetryDelay.Before(j.Attempt-j.Base, jitter(rec.Run.ID, j)))
		}
	}
	return time.Time{}
}

// jitter is a number in [0, 1) that is the same for every invocation, and differs
// between attempts, so that runs which failed together are not repeated together.
func jitter(runID string, j run.Job) float64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, runID, j.Step()) // a hash takes everything
	return float64(h.Sum64()>>11) / (1 << 53)
}

// checkAt is when to look although no step has ended: an attempt is due, or the time for a
// decision is over.
func checkAt(rec *run.Record) time.Time {
	first := nextDue(rec)
	for _, j := range decide.Awaiting(rec) {
		if first.IsZero() || j.Approval.Until.Before(first) {
			first = j.Approval.Until
		}
	}
	return first
}

// nextDue is when the first of the delayed attempts may start, or zero when there is none.
func nextDue(rec *run.Record) time.Time {
	var first time.Time
	for _, j := range rec.Jobs {
		if j.State == run.JobPending && time.Now().Before(j.DueAt) && (first.IsZero() || j.DueAt.Before(first)) {
			first = j.DueAt
		}
	}
	return first
}
