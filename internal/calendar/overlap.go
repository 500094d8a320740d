package calendar

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// Runs reads runs.
type Runs interface {
	// Peek returns a run without its jobs, or nil if there is none.
	Peek(ctx context.Context, id string) (*run.Run, error)
}

// Canceller cancels runs. A run that has ended is not an error.
type Canceller interface {
	CancelRun(ctx context.Context, id, why string) error
}

// onItsWay is how long a run may be missing after it was requested: its message is
// still in the queue. The alarm on late messages has rung by then.
const onItsWay = 20 * time.Minute

// overlap changes p by what its dates are to do while earlier runs of the schedule have
// not ended. It cancels runs before the dates that replace them are requested.
func (t *tick) overlap(ctx context.Context, s Schedule, p Plan) (Plan, error) {
	if len(p.Make) == 0 {
		return p, nil
	}
	switch s.Overlap {
	case pipeline.OverlapSkip:
		return t.skipOverlapping(ctx, s, p)
	case pipeline.OverlapLatest:
		return t.newestOnly(ctx, s, p, func(r run.Run) bool { return r.State == run.Queued })
	case pipeline.OverlapCancel:
		return t.newestOnly(ctx, s, p, func(r run.Run) bool { return !r.State.Final() })
	case pipeline.OverlapQueue:
	}
	return p, nil
}

// skipOverlapping makes the first date if no run of the schedule is active, and none
// otherwise.
func (t *tick) skipOverlapping(ctx context.Context, s Schedule, p Plan) (Plan, error) {
	reason, err := t.active(ctx, s)
	if err != nil {
		return p, err
	}
	made := p.Make
	if reason == "" {
		p.Make, made = made[:1], made[1:]
		p.Made = p.Make[0]
		reason = "run " + s.RunID(p.Made) + " is requested"
	} else {
		p.Make, p.Made = nil, s.Made
	}
	return skipped(s, p, made, "overlap: skip: "+reason), nil
}

// active says that the newest run of s has not ended, or "".
func (t *tick) active(ctx context.Context, s Schedule) (string, error) {
	if s.Made.IsZero() {
		return "", nil
	}
	id := s.RunID(s.Made)
	r, err := t.Runs.Peek(ctx, id)
	switch {
	case err != nil:
		return "", err
	case r == nil && t.now.Sub(s.MadeAt) < onItsWay:
		return "run " + id + " is requested", nil
	case r == nil || r.State.Final():
		return "", nil
	}
	return fmt.Sprintf("run %s is %s", id, r.State), nil
}

// newestOnly makes the newest date, and cancels the runs before it that match.
func (t *tick) newestOnly(ctx context.Context, s Schedule, p Plan, match func(run.Run) bool) (Plan, error) {
	last := len(p.Make) - 1
	before, newest := p.Make[:last], p.Make[last]
	for _, planned := range append([]time.Time{s.Made}, before...) { // a tick that has died may have requested them
		if planned.IsZero() {
			continue
		}
		r, err := t.Runs.Peek(ctx, s.RunID(planned))
		if err != nil {
			return p, err
		}
		if r == nil || r.State.Final() || !match(*r) {
			continue
		}
		if err := t.Cancels.CancelRun(ctx, r.ID, fmt.Sprintf("overlap: %s: replaced by the date %s", s.Overlap, newest.Format(time.RFC3339))); err != nil {
			return p, err
		}
	}
	p.Make = p.Make[last:]
	return skipped(s, p, before, fmt.Sprintf("overlap: %s: replaced by the date %s", s.Overlap, newest.Format(time.RFC3339))), nil
}

// skipped adds dates that are not made to p.
func skipped(s Schedule, p Plan, dates []time.Time, reason string) Plan {
	if len(dates) > 0 {
		p.Skip = append(p.Skip, Skipped{Schedule: s.String(), First: dates[0], Last: dates[len(dates)-1], Reason: reason})
	}
	return p
}
