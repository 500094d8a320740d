package cron

import "time"

// maxOffset exceeds every zone's offset from UTC since clocks are coordinated.
const maxOffset = 16 * time.Hour

// wall returns what the clocks of a zone show.
func wall(t time.Time, loc *time.Location) time.Time {
	_, offset := t.In(loc).Zone()
	return t.Add(time.Duration(offset) * time.Second).UTC()
}

// latest returns the latest time that the clocks of a zone have shown up to t.
// It exceeds what they show while they repeat an hour.
func latest(t time.Time, loc *time.Location) time.Time {
	shown := wall(t, loc)
	start, _ := t.In(loc).ZoneBounds()
	for !start.IsZero() && t.Sub(start) < 2*maxOffset {
		before := start.Add(-1)
		if w := wall(before, loc); w.After(shown) {
			shown = w
		}
		start, _ = before.In(loc).ZoneBounds()
	}
	return shown
}

// reached returns when the clocks of a zone first show w, or a later time if they skip it.
func reached(w time.Time, loc *time.Location) time.Time {
	t := w.Add(-maxOffset).In(loc)
	for wall(t, loc).Before(w) {
		_, offset := t.Zone()
		_, end := t.ZoneBounds()
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
	t := reached(w, loc)
	return t, wall(t, loc).Equal(w) || hasDate(w, loc)
}

func hasDate(w time.Time, loc *time.Location) bool {
	midnight := w.Truncate(day24)
	return wall(reached(midnight, loc), loc).Before(midnight.Add(day24))
}

const day24 = 24 * time.Hour // of a wall clock, which is written in UTC

// nextMinute returns the first whole minute after t.
func nextMinute(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) }
