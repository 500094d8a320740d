package cron

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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

// parse returns the values of a field.
func (f field) parse(text string) (all set, err error) {
	for _, item := range strings.Split(text, ",") {
		values, err := f.item(item)
		if err != nil {
			return 0, fmt.Errorf("%s %q: %w", f.name, text, err)
		}
		all |= values
	}
	return all, nil
}

// item reads *, 5, 1-5, */15, 5/15 or 1-30/5.
func (f field) item(text string) (set, error) {
	span, stepText, hasStep := strings.Cut(text, "/")
	step := 1
	if hasStep {
		var err error
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return 0, fmt.Errorf("the step %q is not a number from 1 on", stepText)
		}
		if size := f.size(); step >= size {
			return 0, fmt.Errorf("a step of %d is not shorter than the %d of the field, so it would fire once; cron counts anew in each hour, day or month", step, size)
		}
	}
	low, high, err := f.span(span, hasStep)
	if err != nil {
		return 0, err
	}
	var all set
	for v := low; v <= high; v += step {
		all |= setOf(v)
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
