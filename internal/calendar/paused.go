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

// Dates are planned times of a schedule that are due, in short.
type Dates struct {
	Schedule string    `json:"schedule"` // cron fields
	Timezone string    `json:"timezone"`
	Due      int       `json:"due"`   // at most MostDates
	First    time.Time `json:"first"` // of those that are due
	Last     time.Time `json:"last"`
	Made     int       `json:"made"` // of those, how many the calendar requests next; the others are skipped
}

// MostDates is the maximum of Dates.Due: more are not counted.
const MostDates = 10_000

// DueDates are the dates of s that are due, and what the calendar makes of them by
// then, which is s as it will be.
func (s Schedule) DueDates(then Schedule, now time.Time) (Dates, error) {
	d := Dates{Schedule: s.Cron, Timezone: s.Zone}
	due, err := s.Due(now)
	if err != nil {
		return d, err
	}
	for t := range due {
		if d.Due++; d.Due == 1 {
			d.First = t
		}
		if d.Last = t; d.Due == MostDates {
			break
		}
	}
	p, err := then.Plan(now, MostDates)
	d.Made = len(p.Make)
	return d, err
}
