package cron

import (
	"iter"
	"time"
)

// Next returns the first planned time after a time, in loc, or the zero time if there is none.
func (s Schedule) Next(after time.Time, loc *time.Location) time.Time {
	for t := range s.after(after, loc) {
		return t
	}
	return time.Time{}
}

// after returns the planned times after a time.
func (s *Schedule) after(t time.Time, loc *time.Location) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		c := calmAt(t, loc)
		for {
			next, ok := c.next(s, t)
			switch {
			case ok:
			case s.elapsed:
				next = s.nextElapsed(t, loc)
			default:
				next = s.nextFixed(t, loc)
			}
			if next.IsZero() || !yield(next.In(loc)) {
				return
			}
			if t = next; !ok {
				c = calmAt(t, loc)
			}
		}
	}
}

func (s *Schedule) nextFixed(after time.Time, loc *time.Location) time.Time {
	w := nextMinute(latest(after, loc))
	for {
		var ok bool
		if w, ok = s.atOrAfter(w); !ok {
			return time.Time{}
		}
		if t, ok := occurs(w, loc); ok {
			return t
		}
		w = nextMinute(w)
	}
}

// Prev returns the last planned time before a time, in loc, or the zero time if there is none.
func (s Schedule) Prev(before time.Time, loc *time.Location) time.Time {
	if s.elapsed {
		return s.prevElapsed(before, loc)
	}
	w := latest(before.Add(-1), loc)
	for {
		var ok bool
		if w, ok = s.atOrBefore(w); !ok {
			return time.Time{}
		}
		if t, ok := occurs(w, loc); ok {
			return t.In(loc)
		}
		w = w.Add(-time.Minute)
	}
}

// Between returns the planned times after one time up to and including another, in order.
func (s Schedule) Between(after, until time.Time, loc *time.Location) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for t := range s.after(after, loc) {
			if t.After(until) || !yield(t) {
				return
			}
		}
	}
}

// Interval returns the span of a planned time: from it up to, and not including, the next one.
func (s Schedule) Interval(planned time.Time, loc *time.Location) (start, end time.Time) {
	return planned.In(loc), s.Next(planned, loc)
}

// Date returns the date, as midnight in UTC, to which a planned time belongs. It is not what the
// clocks show if they skip the end of a date: its times then happen on the next.
func (s Schedule) Date(planned time.Time, loc *time.Location) time.Time {
	shown := wall(planned, loc)
	if w, ok := s.atOrAfter(shown); ok && w.Equal(shown) {
		return shown.Truncate(day24)
	}
	before := wall(planned.Add(-1), loc)
	for w, ok := s.atOrAfter(nextMinute(before)); ok && w.Before(shown); w, ok = s.atOrAfter(w.Truncate(day24).Add(day24)) {
		if hasDate(w, loc) {
			return w.Truncate(day24)
		}
	}
	return shown.Truncate(day24)
}
