package cron

import "time"

// nextElapsed returns the first time after a time at which the clocks show a time
// of the schedule. It goes from one change of the clocks to the next.
func (s *Schedule) nextElapsed(after time.Time, loc *time.Location) time.Time {
	t := after.In(loc)
	from := nextMinute(wall(t, loc))
	for {
		w, ok := s.atOrAfter(from)
		if !ok {
			return time.Time{}
		}
		_, offset := t.Zone()
		_, end := bounds(t)
		t = w.Add(-time.Duration(offset) * time.Second).In(loc)
		if end.IsZero() || t.Before(end) {
			return t
		}
		if s.skipped(end, loc) {
			return end
		}
		t = end
		from = nextMinute(wall(t, loc).Add(-1))
	}
}

func (s *Schedule) prevElapsed(before time.Time, loc *time.Location) time.Time {
	t := before.Add(-1).In(loc)
	for {
		shown := wall(t, loc)
		w, ok := s.atOrBefore(shown)
		if !ok {
			return time.Time{}
		}
		start, _ := bounds(t)
		t = t.Add(w.Sub(shown))
		if start.IsZero() || !t.Before(start) {
			return t
		}
		if s.skipped(start, loc) {
			return start
		}
		t = start.Add(-1)
	}
}

// skipped reports whether the clocks, when they are set at t, skip all times of a date.
func (s *Schedule) skipped(t time.Time, loc *time.Location) bool {
	from, to := nextMinute(wall(t.Add(-1), loc)), wall(t, loc)
	for w, ok := s.atOrAfter(from); ok && w.Before(to); w, ok = s.atOrAfter(w.Truncate(day24).Add(day24)) {
		date := w.Truncate(day24)
		first, _ := s.atOrAfter(date)
		final, _ := s.atOrBefore(date.Add(day24 - 1))
		if !first.Before(from) && final.Before(to) && hasDate(date, loc) {
			return true
		}
	}
	return false
}
