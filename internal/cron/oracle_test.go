package cron_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// clock is a second implementation of planned times, as simple as possible: it goes through time
// minute by minute, looks at the clocks of a zone, and compares them with the fields.
type clock struct {
	loc     *time.Location
	pattern pattern
	handled time.Time // the latest minute that the clocks have shown, written in UTC
}

// walk returns what is planned at the whole minutes of [from, to).
func (c *clock) walk(from, to time.Time) (planned []time.Time) {
	for t := from; t.Before(to); t = t.Add(time.Minute) {
		if c.minute(t) {
			planned = append(planned, t)
		}
	}
	return planned
}

func (c *clock) minute(t time.Time) (due bool) {
	l := t.In(c.loc)
	shown := time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
	if c.handled.IsZero() {
		c.handled = shown.Add(-time.Minute)
	}
	due = c.pattern.elapsed && c.pattern.has(shown)
	for v := c.handled.Add(time.Minute); !v.After(shown); v = v.Add(time.Minute) {
		switch exists := day(v) == day(shown) || day(v) == day(c.handled); {
		case !exists || !c.pattern.has(v):
		case !c.pattern.elapsed, v.Before(shown) && c.allSkipped(day(v), shown):
			due = true
		}
	}
	if shown.After(c.handled) {
		c.handled = shown
	}
	return due
}

func day(w time.Time) int { return int(w.Unix() / 86400) }

// allSkipped reports whether all times of a date are after the last that was shown and before the one that is.
func (c *clock) allSkipped(date int, shown time.Time) bool {
	for i := range 1440 {
		v := time.Unix(int64(date)*86400+int64(i)*60, 0).UTC()
		if c.pattern.has(v) && (!v.After(c.handled) || !v.Before(shown)) {
			return false
		}
	}
	return true
}

// pattern is a schedule as tables of the values of its fields.
type pattern struct {
	minutes, hours, months, weekdays [60]bool
	day                              string
	nth                              int // of the weekdays in a month; -1 = the last
	days                             [60]bool
	elapsed                          bool
}

// readPattern reads the patterns of the tests: no names but those of weekdays, no 7, no reversed ranges.
func readPattern(text string) (p pattern) {
	f := strings.Fields(text)
	p.minutes, p.hours, p.months = table(f[0], 0, 59), table(f[1], 0, 23), table(f[3], 1, 12)
	p.elapsed = f[0][0] == '*' || f[1][0] == '*'
	if p.day = f[2]; !strings.ContainsAny(f[2], "LW") {
		p.days = table(f[2], 1, 31)
	}
	weekday := f[4]
	if number, nth, ok := strings.Cut(weekday, "#"); ok {
		weekday, p.nth = number, int(nth[0]-'0')
	} else if strings.HasSuffix(weekday, "L") {
		weekday, p.nth = strings.TrimSuffix(weekday, "L"), -1
	}
	p.weekdays = table(weekday, 0, 6)
	return p
}

func table(text string, low, high int) (t [60]bool) {
	number := func(s string) int {
		if i := slices.Index([]string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}, s); i >= 0 {
			return i
		}
		n, _ := strconv.Atoi(s)
		return n
	}
	for item := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(item, "/")
		first, final, ranged := strings.Cut(span, "-")
		a, b, by := number(first), number(first), 1
		if span == "*" || span == "?" {
			a, b = low, high
		} else if ranged {
			b = number(final)
		} else if stepped {
			b = high
		}
		if stepped {
			by = number(step)
		}
		for ; a <= b; a += by {
			t[a] = true
		}
	}
	return t
}

// has reports whether the fields describe what a clock shows.
func (p *pattern) has(w time.Time) bool {
	return p.minutes[w.Minute()] && p.hours[w.Hour()] && p.hasDay(w)
}

func (p *pattern) hasDay(w time.Time) bool {
	if !p.months[w.Month()] || !p.weekdays[w.Weekday()] {
		return false
	}
	week := w.AddDate(0, 0, 7).Month()
	switch {
	case p.nth > 0:
		return (w.Day()+6)/7 == p.nth
	case p.nth < 0:
		return week != w.Month()
	case p.day == "L":
		return w.AddDate(0, 0, 1).Day() == 1
	case strings.HasSuffix(p.day, "W"):
		n, _ := strconv.Atoi(strings.TrimSuffix(p.day, "W"))
		return nearest(w, n)
	}
	return p.days[w.Day()]
}

// nearest tries the days around the n-th of the month, nearest first.
func nearest(w time.Time, n int) bool {
	for _, by := range []int{0, -1, 1, -2, 2} {
		d := time.Date(w.Year(), w.Month(), n+by, 0, 0, 0, 0, time.UTC)
		if time.Date(w.Year(), w.Month(), n, 0, 0, 0, 0, time.UTC).Month() != w.Month() {
			return false
		}
		if d.Month() == w.Month() && d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			return d.Day() == w.Day()
		}
	}
	return false
}

func TestOracle(t *testing.T) {
	t.Parallel()
	utc := clock{loc: time.UTC, pattern: readPattern("30 5 * * 1-5")}
	monday := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	if got := utc.walk(monday, monday.AddDate(0, 0, 7)); len(got) != 5 || !got[0].Equal(monday.Add(5*time.Hour+30*time.Minute)) {
		t.Errorf("%v", got)
	}
}
