package cron_test

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Minutes and days are counted from 1970, on the clock of a zone or in UTC.
const minutesOfDay = 1440

// clock is a second implementation of planned times, as simple as possible: it goes through time
// minute by minute, looks at what the clock of a zone shows, and compares it with the fields.
type clock struct {
	pattern *pattern
	handled int // the latest minute that it has shown
}

// walk returns what is planned at the minutes from start, at which the clock shows the minutes of shown.
func (c *clock) walk(start int, shown []int) (planned []int) {
	c.handled = shown[0] - 1
	for i, now := range shown {
		if c.due(now) {
			planned = append(planned, start+i)
		}
		c.handled = max(c.handled, now)
	}
	return planned
}

func (c *clock) due(now int) bool {
	if c.pattern.elapsed && c.pattern.has(now) {
		return true
	}
	for v := c.handled + 1; v <= now; v++ {
		exists := v/minutesOfDay == now/minutesOfDay || v/minutesOfDay == c.handled/minutesOfDay
		if exists && c.pattern.has(v) && (!c.pattern.elapsed || c.allSkipped(v/minutesOfDay, now)) {
			return true
		}
	}
	return false
}

// allSkipped reports whether the clock shows none of a date's times, because it goes from the last minute to now.
func (c *clock) allSkipped(date, now int) bool {
	for i := range minutesOfDay {
		if v := date*minutesOfDay + i; c.pattern.has(v) && (v <= c.handled || v >= now) {
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
	clock                            [minutesOfDay]bool // whether it has this minute of a day
	times                            []int              // of a day
	dates                            []bool             // by number, up to 2041
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
	for i := range minutesOfDay {
		if p.clock[i] = p.hours[i/60] && p.minutes[i%60]; p.clock[i] {
			p.times = append(p.times, i)
		}
	}
	for d := time.Unix(0, 0).UTC(); d.Year() < 2042; d = d.AddDate(0, 0, 1) {
		p.dates = append(p.dates, p.hasDay(d))
	}
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
		switch {
		case span == "*":
			a, b = low, high
		case ranged:
			b = number(final)
		case stepped:
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

func minuteOf(t time.Time) int { return int(t.Unix() / 60) }

// has reports whether the fields describe what a clock shows.
func (p *pattern) has(shown int) bool {
	return p.clock[shown%minutesOfDay] && p.dates[shown/minutesOfDay]
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
