package calendar

import (
	"fmt"
	"iter"
	"time"

	"ephemr/internal/pipeline"
)

// Due are the planned times up to and including now that have not been handled, oldest
// first: of a paused pipeline what became due since it was paused.
func (s Schedule) Due(now time.Time) (iter.Seq[time.Time], error) {
	p, err := s.planner()
	if err != nil {
		return nil, err
	}
	return func(yield func(time.Time) bool) {
		for t := p.next(s.Last); !t.IsZero() && !t.After(now); t = p.next(t) {
			if !yield(t) {
				return
			}
		}
	}, nil
}

// Between are the planned times of s after one time up to and including another, oldest
// first, whether they were handled or not.
func (s Schedule) Between(after, until time.Time) (iter.Seq[time.Time], error) {
	s.Last = after
	return s.Due(until)
}

// Resumed is s when its pipeline is resumed: catchup says which of the dates that became
// due meanwhile are made, "" leaves it to the schedule's own rules. It returns the
// others as skipped.
func (s Schedule) Resumed(catchup pipeline.Catchup, now time.Time) (Schedule, []Skipped, error) {
	p, err := s.planner()
	if err != nil {
		return s, nil, err
	}
	newest := p.newest(s.Last, now)
	if newest.IsZero() || catchup == "" {
		return s, nil, nil
	}
	w := &planning{planner: p, schedule: s, plan: Plan{Last: s.Last}}
	reason := fmt.Sprintf("paused until %s, resumed with catchup %s", now.UTC().Format(time.RFC3339), catchup)
	switch catchup {
	case pipeline.CatchupNone:
		w.skip(newest, reason)
	case pipeline.CatchupLatest:
		w.skip(newest.Add(-1), reason)
		s.Owed = newest
	case pipeline.CatchupAll:
		s.Owed = newest
	}
	s.Last = w.plan.Last
	return s, w.plan.Skip, nil
}
