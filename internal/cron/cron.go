// Package cron reads schedules of five fields (minute, hour, day of the month,
// month, weekday) and writes them in EventBridge's language. It takes what cron
// takes, and L, W and # as Quartz and EventBridge have them; whatever one of
// them would refuse or understand differently is an error that says what to
// write.
package cron

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Schedule is a schedule of five fields.
type Schedule struct {
	fields  [5]string // as written, in upper case
	days    []int     // of the month; nil = all, or a special one
	months  []int     // nil = all
	weekday []int     // 0 = Sunday; nil = all, or a special one
	special string    // a weekday like 5L or 1#2, in EventBridge's numbers
}

// field is what is known of a field.
type field struct {
	name      string
	low, high int
	names     []string // of the values from low on
}

var (
	minute  = field{name: "minute", low: 0, high: 59}
	hour    = field{name: "hour", low: 0, high: 23}
	day     = field{name: "day", low: 1, high: 31}
	month   = field{name: "month", low: 1, high: 12, names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	weekday = field{name: "weekday", low: 0, high: 7, names: weekdayNames}
)

var weekdayNames = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

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
		at := []int{0, 1, 3}[i]
		values, err := f.parse(s.fields[at])
		if err != nil {
			return Schedule{}, err
		}
		if f.name == month.name && s.fields[at] != "*" {
			s.months = values
		}
	}
	if err := s.parseDay(); err != nil {
		return Schedule{}, err
	}
	if err := s.parseWeekday(); err != nil {
		return Schedule{}, err
	}
	return s, s.check()
}

func (s *Schedule) parseDay() (err error) {
	text := s.fields[2]
	switch {
	case text == "*" || text == "?" || text == "L":
	case strings.HasSuffix(text, "W") && !strings.ContainsAny(text, "L,-/*"):
		if s.days, err = day.parse(strings.TrimSuffix(text, "W")); err != nil {
			return err
		}
		s.days = nil // the nearest weekday exists in every month that has the day
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
	case isNth:
		n, err := strconv.Atoi(nth)
		if err != nil || n < 1 || n > 5 {
			return fmt.Errorf("weekday %q: write the day and its number in the month, 1 to 5, as in MON#1", text)
		}
		return s.oncePerMonth(text, number, fmt.Sprintf("#%d", n))
	case text == "L":
		return errors.New(`weekday "L" is Saturday in Quartz and EventBridge; write SAT, or FRI with L (FRIL) for the last Friday of the month`)
	case strings.HasSuffix(text, "L") && !strings.ContainsAny(text, ",-/*"):
		return s.oncePerMonth(text, strings.TrimSuffix(text, "L"), "L")
	default:
		return s.parseWeekdays(text)
	}
	return nil
}

// parseWeekdays reads a list in which Sunday is 0 or 7.
func (s *Schedule) parseWeekdays(text string) (err error) {
	s.weekday, err = weekday.parse(text)
	for i, d := range s.weekday {
		s.weekday[i] = d % 7
	}
	slices.Sort(s.weekday)
	s.weekday = slices.Compact(s.weekday)
	if len(s.weekday) == 7 {
		s.weekday, s.fields[4] = nil, "*"
	}
	return err
}

// oncePerMonth sets a weekday that occurs once a month. EventBridge counts from 1
// for Sunday.
func (s *Schedule) oncePerMonth(text, number, suffix string) error {
	days, err := weekday.parse(number)
	if err != nil || len(days) != 1 {
		return fmt.Errorf("weekday %q: write one day before %s, as in FRI%[2]s", text, suffix)
	}
	s.special = fmt.Sprintf("%d%s", days[0]%7+1, suffix)
	return nil
}

// check rejects what is valid in each field, but not together.
func (s *Schedule) check() error {
	anyDay := s.fields[2] == "*" || s.fields[2] == "?"
	anyWeekday := s.fields[4] == "*" || s.fields[4] == "?"
	switch {
	case !anyDay && !anyWeekday:
		return errors.New("a day of the month and a day of the week: cron fires on either, EventBridge takes one; use two schedules")
	case s.days != nil && !s.fires():
		return errors.New("never fires; correct the day or the month")
	}
	return nil
}

// fires reports whether a month has one of the days.
func (s *Schedule) fires() bool {
	lengths := []int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	for i, n := range lengths {
		if (s.months == nil || slices.Contains(s.months, i+1)) && slices.Min(s.days) <= n {
			return true
		}
	}
	return false
}

// EventBridge is the schedule in EventBridge's language, which has a year,
// counts weekdays from 1 and wants ? in one of both days.
// Source: EventBridge Scheduler User Guide, "Cron-based schedules".
func (s *Schedule) EventBridge() string {
	f := s.fields
	switch {
	case s.special != "":
		f[2], f[4] = "?", s.special
	case s.weekday != nil:
		names := make([]string, len(s.weekday))
		for i, d := range s.weekday {
			names[i] = weekdayNames[d]
		}
		f[2], f[4] = "?", strings.Join(names, ",")
	default:
		f[4] = "?"
		if f[2] == "?" {
			f[2] = "*"
		}
	}
	return "cron(" + strings.Join(f[:], " ") + " *)"
}

// parse returns the values of a field, sorted.
func (f field) parse(text string) ([]int, error) {
	var all []int
	for _, item := range strings.Split(text, ",") {
		values, err := f.item(item)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", f.name, text, err)
		}
		all = append(all, values...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// item reads *, 5, 1-5, */15, 5/15 or 1-30/5.
func (f field) item(text string) ([]int, error) {
	span, stepText, hasStep := strings.Cut(text, "/")
	step := 1
	if hasStep {
		var err error
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return nil, fmt.Errorf("the step %q is not a number from 1 on", stepText)
		}
		if size := f.size(); step >= size {
			return nil, fmt.Errorf("a step of %d is not shorter than the %d of the field, so it would fire once; cron counts anew in each hour, day or month", step, size)
		}
	}
	low, high, err := f.span(span, hasStep)
	if err != nil {
		return nil, err
	}
	var all []int
	for v := low; v <= high; v += step {
		all = append(all, v)
	}
	return all, nil
}

func (f field) size() int {
	if f.name == weekday.name {
		return 7
	}
	return f.high - f.low + 1
}

func (f field) span(text string, hasStep bool) (low, high int, err error) {
	if text == "*" {
		return f.low, f.low + f.size() - 1, nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if low, err = f.value(first); err != nil {
		return 0, 0, err
	}
	switch {
	case isRange:
		if high, err = f.value(last); err != nil {
			return 0, 0, err
		}
	case hasStep:
		high = f.low + f.size() - 1
	default:
		high = low
	}
	if low > high && f.name == weekday.name {
		high += 7 // FRI-MON
	}
	if low > high {
		return 0, 0, fmt.Errorf("%s-%s ends before it begins; write two ranges", first, last)
	}
	return low, high, nil
}

func (f field) value(text string) (int, error) {
	if i := slices.Index(f.names, text); i >= 0 {
		return f.low + i, nil
	}
	v, err := strconv.Atoi(text)
	switch {
	case text == "":
		return 0, errors.New("a value is missing")
	case text == "?":
		return 0, errors.New("? is for the day and the weekday only; write *")
	case err != nil || text[0] == '+':
		return 0, fmt.Errorf("%q is not a value of this field", text)
	case v < f.low || v > f.high:
		return 0, fmt.Errorf("%d is out of range; use %d to %d", v, f.low, f.high)
	}
	return v, nil
}
