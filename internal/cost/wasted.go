package cost

import (
	"slices"
	"time"

	"ephemr/internal/run"
)

// span is a time.
type span struct{ from, to time.Time }

// wasted adds what had no effect: clusters that ran no job because they failed, and the
// time in which only attempts of jobs ran that failed.
func wasted(sum *run.Cost, rec *run.Record, now time.Time) {
	var fallbacks, attempts run.Cost
	failed := failures(rec, now)
	for _, c := range rec.Clusters {
		if c.State == run.ClusterFailed && c.ReadyAt.IsZero() {
			addTo(&fallbacks, c, c.CreatedAt, now, true)
			continue
		}
		for _, s := range failed {
			if overlaps(c, s) {
				addTo(&attempts, c, s.from, s.to, false)
			}
		}
	}
	sum.Fallbacks, sum.Attempts = fallbacks.USD(), attempts.USD()
}

func overlaps(c run.Cluster, s span) bool {
	return !c.CreatedAt.IsZero() && c.CreatedAt.Before(s.to) && (c.EndedAt.IsZero() || c.EndedAt.After(s.from))
}

// failures are the times in which attempts ran that failed, without those in which one
// ran that did not.
func failures(rec *run.Record, now time.Time) []span {
	var bad, good []span
	for _, j := range rec.Jobs {
		for _, a := range j.Earlier {
			bad = add(bad, a.StartedAt, a.EndedAt)
		}
		switch j.State {
		case run.JobFailed, run.JobCancelled:
			bad = add(bad, j.Began(), j.EndedAt)
		case run.JobRunning:
			good = add(good, j.Began(), now)
		case run.JobSucceeded:
			good = add(good, j.Began(), j.EndedAt)
		case run.JobPending, run.JobSubmitting, run.JobSkipped: // no attempt of theirs runs
		}
	}
	return without(union(bad), union(good))
}

func add(all []span, from, to time.Time) []span {
	if from.IsZero() || !from.Before(to) {
		return all
	}
	return append(all, span{from, to})
}

// union joins spans that overlap, sorted.
func union(all []span) (out []span) {
	slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
	for _, s := range all {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			if s.to.After(out[n-1].to) {
				out[n-1].to = s.to
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// without takes sorted spans out of others.
func without(all, out []span) (left []span) {
	for _, s := range all {
		for _, o := range out {
			if !o.to.After(s.from) || !o.from.Before(s.to) {
				continue
			}
			left = add(left, s.from, o.from)
			s.from = o.to
		}
		left = add(left, s.from, s.to)
	}
	return left
}
