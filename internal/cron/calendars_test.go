package cron_test

import (
	"archive/zip"
	"fmt"
	"go/build"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// calendar is a zone from 2020 to 2040, in minutes.
type calendar struct {
	loc     *time.Location
	names   []string // of all zones whose clocks show the same
	offset  int      // at first
	changes []change
}

// change is a time at which the clocks are set, and what they show around it.
type change struct {
	at, offset int // minutes from UTC, since then
	shown      []int
}

var (
	firstMinute = minuteOf(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	finalMinute = minuteOf(time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC))
)

// around is how many minutes before and after a change are compared minute by minute.
const around = 36 * 60

// calendars returns the zones of a list, those that do not differ once.
func calendars(t *testing.T, names []string) (all []*calendar) {
	t.Helper()
	seen := map[string]*calendar{}
	for _, name := range names {
		c := &calendar{loc: zone(t, name)}
		c.offset = c.offsetAt(firstMinute)
		text := fmt.Sprint(c.offset)
		for at := firstMinute; at < finalMinute; at += 60 {
			if c.offsetAt(at) != c.offsetAt(at+60) {
				c.changes = append(c.changes, c.find(at))
				text += fmt.Sprint(" ", c.changes[len(c.changes)-1].at, c.offsetAt(at+60))
			}
		}
		if seen[text] == nil {
			seen[text], all = c, append(all, c)
		}
		seen[text].names = append(seen[text].names, name)
	}
	return all
}

func (c *calendar) offsetAt(minute int) int {
	_, offset := time.Unix(int64(minute)*60, 0).In(c.loc).Zone()
	return offset / 60
}

// find returns the change within an hour after a minute.
func (c *calendar) find(at int) change {
	for before := c.offsetAt(at); c.offsetAt(at) == before; {
		at++
	}
	found := change{at: at, offset: c.offsetAt(at)}
	for m := at - around; m < at+around; m++ {
		l := time.Unix(int64(m)*60, 0).In(c.loc)
		found.shown = append(found.shown, minuteOf(time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)))
	}
	return found
}

// walk returns what a pattern plans around each change, minute by minute.
func (c *calendar) walk(p *pattern) (planned [][]int) {
	for _, change := range c.changes {
		clock := clock{pattern: p}
		planned = append(planned, clock.walk(change.at-around, change.shown))
	}
	return planned
}

// planned returns all that a pattern plans: what it does around changes, and by arithmetic in between.
func (c *calendar) planned(p *pattern, walked [][]int) iter.Seq[int] {
	return func(yield func(int) bool) {
		from, offset := firstMinute, c.offset
		for i, change := range c.changes {
			if !p.within(from, change.at-around, offset, yield) {
				return
			}
			for _, at := range walked[i] {
				if !yield(at) {
					return
				}
			}
			from, offset = change.at+around, change.offset
		}
		p.within(from, finalMinute, offset, yield)
	}
}

// within yields what is planned in [from, to) in a zone of a fixed offset.
func (p *pattern) within(from, to, offset int, yield func(int) bool) bool {
	for date := (from + offset) / minutesOfDay; date*minutesOfDay < to+offset; date++ {
		if !p.dates[date] {
			continue
		}
		for _, m := range p.times {
			if at := date*minutesOfDay + m - offset; at >= from && at < to && !yield(at) {
				return false
			}
		}
	}
	return true
}

// allZones returns the names of the zones that Go's distribution has.
func allZones(t *testing.T) (names []string) {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close() //nolint:errcheck // it was only read
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}

// patterns returns n schedules, the same each time.
func patterns(n int) (all []string) {
	all = []string{"30 2 * * *", "0 0 * * *", "59 23 * * *", "*/30 2 * * *", "0 */2 * * *", "30 1,2,3 * * *", "0-59/10 0-3 * * 0", "* * L * *", "*/15 0 * * 6,0", "15 * * * 0"}
	random := rand.New(rand.NewPCG(2020, 2040)) //nolint:gosec // it has to be the same each time
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	n2 := func(low, high int) string { return fmt.Sprint(low + random.IntN(high-low+1)) }
	for len(all) < n {
		minute := one("0", "30", n2(0, 59), n2(0, 59), n2(0, 29)+","+n2(30, 59), n2(0, 9)+"/"+n2(15, 40), "*/"+one("20", "30", "45"), "*")
		hour := one("0", "1", "2", "3", "23", n2(0, 23), "0-3", n2(0, 11)+","+n2(12, 23), "*/"+n2(2, 12), n2(0, 5)+"/"+n2(4, 12), "*")
		day, weekday := one("*", "*", "1", "L", n2(1, 31), n2(1, 31)+"W", n2(1, 15)+","+n2(16, 31), "*/"+n2(2, 15)), "*"
		if day == "*" {
			weekday = one("*", "*", "0", "6,0", "1-5", n2(0, 6), "FRI#"+n2(1, 5), n2(0, 6)+"L", n2(0, 6)+"#"+n2(1, 5))
		}
		if month := one("*", "*", "*", "3", "10", "*/2", "3,4,9-11"); hour != "*" || minute != "*" {
			all = append(all, strings.Join([]string{minute, hour, day, month, weekday}, " "))
		}
	}
	return all
}
