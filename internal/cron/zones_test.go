package cron_test

import (
	"flag"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"ephemr/internal/cron"
)

var all = flag.Bool("all", false, "compare all zones from 2020 to 2040 with 200 schedules")

// TestAllZones compares planned times with those of a second implementation: all of them, the next
// after and the last before each, their intervals, and that no date lacks one.
func TestAllZones(t *testing.T) {
	t.Parallel()
	names, n := strings.Fields("America/Nuuk Australia/Lord_Howe Africa/Casablanca Asia/Beirut Africa/Cairo America/Havana Asia/Kathmandu Europe/Lisbon"), 20
	if *all {
		names, n = allZones(t), 200
	}
	var schedules []cron.Schedule
	var read []*pattern
	texts := patterns(n)
	for _, text := range texts {
		p := readPattern(text)
		read, schedules = append(read, &p), append(schedules, parse(t, text))
	}
	count := 0
	for _, c := range calendars(t, names) {
		for i, s := range schedules {
			walked := c.walk(read[i])
			if *all || i%10 == 0 {
				count += c.compareAll(t, texts[i], s, c.planned(read[i], walked), read[i])
			}
			for j, change := range c.changes {
				if *all || j < 3 {
					c.compareAround(t, texts[i], s, read[i], change, walked[j])
				}
			}
		}
	}
	t.Logf("%d zones, %d schedules, %d planned times", len(names), n, count)
}

// compareAll compares the planned times from 2020 to 2040. Those that are planned more than once an
// hour differ from one another around changes only.
func (c *calendar) compareAll(t *testing.T, text string, s cron.Schedule, planned iter.Seq[int], p *pattern) (count int) {
	t.Helper()
	if len(p.times) > 24 {
		return 0
	}
	from, to := timeOf(firstMinute), timeOf(finalMinute)
	next, stop := iter.Pull(planned)
	defer stop()
	last := time.Time{}
	for at := range s.Between(from.Add(-1), to.Add(-1), c.loc) {
		if want, ok := next(); !ok || !at.Equal(timeOf(want)) {
			t.Fatalf("%s in %s: %v, want %v", text, c.loc, at, timeOf(want).In(c.loc))
		}
		if count++; count%67 == 2 {
			c.compareOne(t, text, s, last, at)
		}
		last = at
	}
	if want, ok := next(); ok {
		t.Fatalf("%s in %s: ends before %v", text, c.loc, timeOf(want).In(c.loc))
	}
	return count
}

// compareOne compares the two neighbours of a planned time.
func (c *calendar) compareOne(t *testing.T, text string, s cron.Schedule, last, at time.Time) {
	t.Helper()
	start, end := s.Interval(last, c.loc)
	if prev := s.Prev(at, c.loc); !prev.Equal(last) || !start.Equal(last) || !end.Equal(at) {
		t.Fatalf("%s in %s: between %v and %v: previous %v, interval %v to %v", text, c.loc, last, at, prev, start, end)
	}
}

// compareAround compares all times around a change, and counts those of each date.
func (c *calendar) compareAround(t *testing.T, text string, s cron.Schedule, p *pattern, change change, want []int) {
	t.Helper()
	dates := map[int]bool{}
	last := time.Time{}
	i := 0
	for at := range s.Between(timeOf(change.at-around).Add(-1), timeOf(change.at+around).Add(-1), c.loc) {
		if i >= len(want) || !at.Equal(timeOf(want[i])) {
			t.Fatalf("%s in %s: %v, which is wrong or too much", text, c.loc, at)
		}
		if i > 0 {
			c.compareOne(t, text, s, last, at)
		}
		dates[minuteOf(s.Date(at, c.loc))/minutesOfDay] = true
		last = at
		i++
	}
	if i < len(want) {
		t.Fatalf("%s in %s: not %v", text, c.loc, timeOf(want[i]).In(c.loc))
	}
	c.compareWithin(t, text, s, change, want)
	shown := change.shown
	for date := shown[0]/minutesOfDay + 1; date < shown[len(shown)-1]/minutesOfDay; date++ {
		if p.dates[date] && !dates[date] {
			t.Fatalf("%s in %s: %v is lost", text, c.loc, timeOf(date*minutesOfDay))
		}
	}
}

// compareWithin compares the planned times after and before times that are not planned, while an hour is repeated.
func (c *calendar) compareWithin(t *testing.T, text string, s cron.Schedule, change change, want []int) {
	t.Helper()
	for at := change.at - 40; at <= change.at+40; at += 40 {
		i, _ := slices.BinarySearch(want, at+1)
		j, _ := slices.BinarySearch(want, at)
		if next := s.Next(timeOf(at), c.loc); i < len(want) && !next.Equal(timeOf(want[i])) {
			t.Fatalf("%s in %s: after %v comes %v", text, c.loc, timeOf(at).In(c.loc), next)
		}
		if prev := s.Prev(timeOf(at), c.loc); j > 0 && !prev.Equal(timeOf(want[j-1])) {
			t.Fatalf("%s in %s: before %v comes %v", text, c.loc, timeOf(at).In(c.loc), prev)
		}
	}
}

func timeOf(minute int) time.Time { return time.Unix(int64(minute)*60, 0).UTC() }
