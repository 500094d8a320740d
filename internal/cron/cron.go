// Package cron reads schedules of five fields (minute, hour, day of the month,
// month, weekday) and plans their times in a time zone. It takes what cron
// takes, and L, W and # as Quartz and EventBridge have them; whatever one of
// them would refuse or understand differently is an error that says what to
// write.
//
// Planned times follow Vixie cron where clocks change. A time of day, such as 30 2,
// happens once on every date: if the clocks skip it, at the first minute after
// the gap; if they repeat it, the first time. A schedule with * or */n as minute or hour
// follows elapsed time: it happens at every minute at which the clocks show one of
// its times. If the clocks skip all its times of a date, it happens at the first
// minute after the gap, so that no date is lost.
package cron

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Schedule is a schedule of five fields. The zero Schedule never happens.
type Schedule struct {
	fields  [5]string // as written, in upper case
	minutes set
	hours   set
	days    set // of the month; if none of the next three is set
	months  set
	nearest int // the day of the month to whose nearest weekday it is moved, as in 15W
	weekday set // 0 = Sunday; all if the schedule has a day
	nth     int // which of these weekdays in a month: 0 = all, last = the last
	elapsed bool
}

// last is the number of the last weekday of its kind in a month, as in 5L.
const last = -1

// macros are what cron accepts in place of five fields.
var macros = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// Parse reads a schedule.
func Parse(text string) (Schedule, error) {
	words := strings.Fields(strings.ToUpper(text))
	switch five := macros[strings.TrimSpace(strings.ToLower(text))]; {
	case five != "":
		return Schedule{}, fmt.Errorf("macros are not supported; write %q", five)
	case len(words) == 6:
		return Schedule{}, errors.New("has 6 fields, like EventBridge's cron with a year or Quartz's with seconds; use 5 cron fields, minute hour day month weekday")
	case len(words) != 5:
		return Schedule{}, errors.New("use 5 cron fields, minute hour day month weekday")
	}
	s := Schedule{fields: [5]string(words)}
	for i, f := range []field{minute, hour, month} {
		to := []*set{&s.minutes, &s.hours, &s.months}[i]
		var err error
		if *to, err = f.parse(s.fields[[]int{0, 1, 3}[i]]); err != nil {
			return Schedule{}, err
		}
	}
	s.elapsed = strings.Contains(s.fields[0]+s.fields[1], "*")
	if err := s.parseDay(); err != nil {
		return Schedule{}, err
	}
	if err := s.parseWeekday(); err != nil {
		return Schedule{}, err
	}
	return s, s.check()
}

// lastDay is the last day of a month, whose number differs.
const lastDay = 32

func (s *Schedule) parseDay() (err error) {
	text := s.fields[2]
	switch {
	case text == "?":
		s.days, err = day.parse("*")
	case text == "L":
		s.days = setOf(lastDay)
	case strings.HasSuffix(text, "W") && !strings.ContainsAny(text, "L,-/*"):
		if s.days, err = day.parse(strings.TrimSuffix(text, "W")); err == nil {
			s.nearest = s.days.min()
		}
	case strings.ContainsAny(text, "LW"):
		return fmt.Errorf("day %q: EventBridge supports L (the last day) and 15W (the weekday nearest to the 15th), each alone", text)
	default:
		s.days, err = day.parse(text)
	}
	return err
}

func (s *Schedule) parseWeekday() error {
	text := s.fields[4]
	number, nth, isNth := strings.Cut(text, "#")
	switch {
	case text == "*" || text == "?":
		s.weekday = everyDay
	case isNth:
		n, err := strconv.Atoi(nth)
		if err != nil || n < 1 || n > 5 {
			return fmt.Errorf("weekday %q: write the day and its number in the month, 1 to 5, as in MON#1", text)
		}
		s.nth = n
		return s.oncePerMonth(text, number, "#"+nth)
	case text == "L":
		return errors.New(`weekday "L" is Saturday in Quartz and EventBridge; write SAT, or FRI with L (FRIL) for the last Friday of the month`)
	case strings.HasSuffix(text, "L") && !strings.ContainsAny(text, ",-/*"):
		s.nth = last
		return s.oncePerMonth(text, strings.TrimSuffix(text, "L"), "L")
	default:
		return s.parseWeekdays(text)
	}
	return nil
}

// everyDay are all days of the week.
const everyDay set = 1<<7 - 1

// parseWeekdays reads a list in which Sunday is 0 or 7.
func (s *Schedule) parseWeekdays(text string) error {
	days, err := weekday.parse(text)
	s.weekday = (days | days>>7) & everyDay
	return err
}

// oncePerMonth sets a weekday that occurs once a month.
func (s *Schedule) oncePerMonth(text, number, suffix string) error {
	days, err := weekday.parse(number)
	if err != nil || days.min() != days.max() {
		return fmt.Errorf("weekday %q: write one day before %s, as in FRI%[2]s", text, suffix)
	}
	s.weekday = setOf(days.min() % 7)
	return nil
}

// check rejects what is valid in each field, but not together.
func (s *Schedule) check() error {
	anyDay := s.fields[2] == "*" || s.fields[2] == "?"
	anyWeekday := s.fields[4] == "*" || s.fields[4] == "?" || s.weekday == everyDay
	switch {
	case !anyDay && !anyWeekday:
		return errors.New("a day of the month and a day of the week: cron fires on either, EventBridge takes one; use two schedules")
	case !s.fires():
		return errors.New("never fires; correct the day or the month")
	}
	return nil
}

// fires reports whether a month has one of the days.
func (s *Schedule) fires() bool {
	lengths := []int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	for i, n := range lengths {
		if s.months.has(i+1) && (s.days.min() <= n || s.days.has(lastDay)) {
			return true
		}
	}
	return false
}
