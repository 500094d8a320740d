package cron

import "time"

// maxOffset exceeds every zone's offset from UTC since clocks are coordinated.
const maxOffset = 16 * time.Hour

// wall returns what the clocks of a zone show.
func wall(t time.Time, loc *time.Location) time.Time {
	_, offset := t.In(loc).Zone()
	return t.Add(time.Duration(offset) * time.Second).UTC()
}

// bounds returns the span around t in which the clocks of its zone are not set; some spans are split.
func bounds(t time.Time) (start, end time.Time) {
	start, end = t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		// After 2037 ZoneBounds ends each year after 365 days, the leap years too.
		end = end.Add(day24)
	}
	return start, end
}

// calm is a time in which the clocks of a zone go on like those of UTC. It begins when the times that
// they repeated are over.
type calm struct {
	offset     time.Duration
	start, end time.Time
}

// calmAt returns the calm time around t. It may be empty.
func calmAt(t time.Time, loc *time.Location) calm {
	t = t.In(loc)
	_, offset := t.Zone()
	start, end := bounds(t)
	if !start.IsZero() {
		start = start.Add(2 * maxOffset)
	}
	return calm{offset: time.Duration(offset) * time.Second, start: start, end: end}
}

// next returns the planned time after t, if t and it are in the calm time.
func (c calm) next(s *Schedule, t time.Time) (time.Time, bool) {
	if t.Before(c.start) || c.ended(t) {
		return time.Time{}, false
	}
	w, ok := s.atOrAfter(nextMinute(t.UTC().Add(c.offset)))
	if !ok {
		return time.Time{}, true
	}
	t = w.Add(-c.offset)
	return t, !c.ended(t)
}

func (c calm) ended(t time.Time) bool { return !c.end.IsZero() && !t.Before(c.end) }

// latest returns the latest time that the clocks of a zone have shown up to t.
// It exceeds what they show while they repeat an hour.
func latest(t time.Time, loc *time.Location) time.Time {
	shown := wall(t, loc)
	start, _ := bounds(t.In(loc))
	for !start.IsZero() && t.Sub(start) < 2*maxOffset {
		before := start.Add(-1)
		if w := wall(before, loc); w.After(shown) {
			shown = w
		}
		start, _ = bounds(before.In(loc))
	}
	return shown
}

// Reached returns when the clocks of a zone first show w, a time written in UTC, or a later time if they skip it.
func Reached(w time.Time, loc *time.Location) time.Time {
	t := w.Add(-maxOffset).In(loc)
	for wall(t, loc).Before(w) {
		_, offset := t.Zone()
		_, end := bounds(t)
		t = w.Add(-time.Duration(offset) * time.Second).In(loc)
		if !end.IsZero() && !t.Before(end) {
			t = end
		}
	}
	return t
}

// occurs returns when the clocks first show w, or a later time if they skip it,
// and false if they skip its whole date, which the zone's calendar does not have.
func occurs(w time.Time, loc *time.Location) (time.Time, bool) {
	t := Reached(w, loc)
	return t, wall(t, loc).Equal(w) || hasDate(w, loc)
}

func hasDate(w time.Time, loc *time.Location) bool {
	midnight := w.Truncate(day24)
	return wall(Reached(midnight, loc), loc).Before(midnight.Add(day24))
}

const day24 = 24 * time.Hour // of a wall clock, which is written in UTC

// nextMinute returns the first whole minute after t.
func nextMinute(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) }
