package calendar

import (
	"fmt"
	"time"

	"ephemr/internal/pipeline"
)

// OnTime is how late a date may be requested and is not yet a missed one. Ticks come
// about a minute after one another, and a full calendar takes several.
const OnTime = 10 * time.Minute

// Plan is what is to be done with the planned times of a schedule that are due.
type Plan struct {
	Make []time.Time // to be requested, oldest first
	Skip []Skipped
	Made time.Time // the newest planned time that is, or was before, in Make
	Last time.Time // planned times up to and including it are in Make and Skip, or were handled before
	Next time.Time // the first planned time after Last, or zero
}

// Skipped are planned times that a policy has skipped, from First to Last.
type Skipped struct {
	Schedule string    `dynamodbav:"schedule" json:"schedule"` // as Schedule.String
	First    time.Time `dynamodbav:"first" json:"first"`
	Last     time.Time `dynamodbav:"last" json:"last"`
	Reason   string    `dynamodbav:"reason" json:"reason"`
}

// Plan plans at most most requests of what is due at a time.
func (s Schedule) Plan(now time.Time, most int) (Plan, error) {
	p, err := s.planner()
	if err != nil {
		return Plan{}, err
	}
	w := &planning{planner: p, schedule: s, most: most, plan: Plan{Last: s.Last, Made: s.Made}}
	w.take(earlier(s.Owed, now))
	if len(w.plan.Make) < most {
		w.due(now)
	}
	w.plan.Next = p.next(w.plan.Last)
	return w.plan, nil
}

// planning is a plan as it grows.
type planning struct {
	planner

	schedule Schedule
	most     int
	plan     Plan
}

// due plans what is due by the rules of catchup: missed dates first, then those on time.
func (w *planning) due(now time.Time) {
	s := w.schedule
	w.skip(now.Add(-s.CatchupWindow-1), "older than catchupWindow "+window(s.CatchupWindow))
	newest, missed := w.newest(w.plan.Last, now), w.newest(w.plan.Last, now.Add(-OnTime-1))
	if missed.IsZero() || s.Catchup == pipeline.CatchupAll {
		w.take(now)
		return
	}
	reason := fmt.Sprintf("catchup: %s", s.Catchup)
	if s.Catchup == pipeline.CatchupLatest && missed.Equal(newest) {
		w.skip(missed.Add(-1), reason)
	} else {
		w.skip(missed, reason)
	}
	w.take(now)
}

// window is d as people write it.
func window(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}

// skip leaves out the planned times up to and including until.
func (w *planning) skip(until time.Time, reason string) {
	last := w.newest(w.plan.Last, until)
	if last.IsZero() {
		return
	}
	w.plan.Skip = append(w.plan.Skip, Skipped{Schedule: w.schedule.String(), First: w.next(w.plan.Last), Last: last, Reason: reason})
	w.plan.Last = last
}

// take requests the planned times up to and including until, as far as the plan has
// room.
func (w *planning) take(until time.Time) {
	for len(w.plan.Make) < w.most {
		t := w.next(w.plan.Last)
		if t.IsZero() || t.After(until) {
			return
		}
		w.plan.Make = append(w.plan.Make, t)
		w.plan.Last, w.plan.Made = t, t
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
