package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxMove is how far the functions add… move a date or a time, in their unit.
const maxMove = 100_000

// mover returns a function that adds n units to a date or a time: {{addDays -1 .LogicalDate}}.
func mover(move func(m moment, n int) (moment, error)) func(n int, v any) (moment, error) {
	return func(n int, v any) (moment, error) {
		m, err := asMoment(v)
		switch {
		case err != nil || n == 0:
			return m, err
		case n < -maxMove || n > maxMove:
			return m, fmt.Errorf("%d is out of range; use up to %d", n, maxMove)
		}
		return move(m, n)
	}
}

// addElapsed moves a time by a multiple of d, whatever the clocks show.
func addElapsed(d time.Duration) func(moment, int) (moment, error) {
	return func(m moment, n int) (moment, error) {
		t, err := asTime(m)
		return moment{at: t.Add(time.Duration(n) * d)}, err
	}
}

func addDays(days int) func(moment, int) (moment, error) {
	return func(m moment, n int) (moment, error) {
		year, month, day := m.at.Date()
		hour, minute, second := m.at.Clock()
		return m.with(year, month, day+n*days, hour, minute, second)
	}
}

// addMonths keeps the day, or takes the last of a shorter month.
func addMonths(months int) func(moment, int) (moment, error) {
	return func(m moment, n int) (moment, error) {
		year, month, day := m.at.Date()
		hour, minute, second := m.at.Clock()
		first := time.Date(year, month+time.Month(n*months), 1, 0, 0, 0, 0, time.UTC)
		last := first.AddDate(0, 1, -1).Day()
		return m.with(first.Year(), first.Month(), min(day, last), hour, minute, second)
	}
}

// units are the arguments of startOf and endOf. Weeks are those of ISO 8601, from Monday to Sunday.
var units = []string{"hour", "day", "week", "isoWeek", "month", "quarter", "year"}

// startOf returns the first date, or the first second, of a unit.
func startOf(unit string, v any) (moment, error) { return edge("startOf", unit, v, 0) }

// endOf returns the last date, or the last second, of a unit.
func endOf(unit string, v any) (moment, error) {
	next, err := edge("endOf", unit, v, 1)
	switch {
	case err != nil:
		return next, err
	case next.isDate:
		return moment{next.at.AddDate(0, 0, -1), true}, nil
	}
	return moment{at: next.at.Add(-time.Second)}, nil
}

// edge returns the start of the unit around v, or of the n-th after it.
func edge(fn, unit string, v any, n int) (moment, error) {
	m, err := asMoment(v)
	if err != nil {
		return m, err
	}
	if msg := unitFault(fn, unit, m.isDate); msg != "" {
		return m, errors.New(msg)
	}
	year, month, day := m.at.Date()
	switch unit {
	case "hour":
		return moment{at: m.at.Add(-time.Duration(m.at.Minute())*time.Minute - time.Duration(m.at.Second())*time.Second + time.Duration(n)*time.Hour).Truncate(time.Second)}, nil
	case "day":
		return m.with(year, month, day+n, 0, 0, 0)
	case "week", "isoWeek":
		return m.with(year, month, day-(int(m.at.Weekday())+6)%7+7*n, 0, 0, 0)
	case "month":
		return m.with(year, month+time.Month(n), 1, 0, 0, 0)
	case "quarter":
		return m.with(year, (month-1)/3*3+1+time.Month(3*n), 1, 0, 0, 0)
	default:
		return m.with(year+n, time.January, 1, 0, 0, 0)
	}
}

// unitFault is what is wrong with a unit, or "".
func unitFault(fn, unit string, ofDate bool) string {
	switch {
	case !slices.Contains(units, unit):
		return fmt.Sprintf("%s: unknown unit %q; %s", fn, unit, didYouMean(closest(unit, units), units))
	case ofDate && unit == "hour":
		return fmt.Sprintf("%s: a date has no hours; %s", fn, useTime)
	}
	return ""
}
