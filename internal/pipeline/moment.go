package pipeline

import (
	"fmt"
	"time"

	"ephemr/internal/cron"
	"ephemr/internal/pipeline/layout"
)

// moment is a date, or a time in a zone, of a template. Text would lose the zone, without which the
// next day cannot be computed where clocks change.
type moment struct {
	at     time.Time // of a date: midnight in UTC
	isDate bool
}

func (m moment) String() string {
	if m.isDate {
		return m.at.Format(time.DateOnly)
	}
	return m.at.Format(time.RFC3339)
}

// asMoment reads a date or a time, as in LogicalDate and LogicalTime.
func asMoment(v any) (moment, error) {
	switch v := v.(type) {
	case moment:
		return v, nil
	case string:
		if t, err := time.Parse(time.DateOnly, v); err == nil {
			return moment{t, true}, nil
		}
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return moment{at: t}, nil
		}
	}
	return moment{}, fmt.Errorf("invalid date or time %q (examples: 2026-11-30, 2026-11-30T03:00:00Z)", fmt.Sprint(v))
}

// asTime reads a time, which a date is not.
func asTime(v any) (time.Time, error) {
	m, err := asMoment(v)
	if err == nil && m.isDate {
		err = fmt.Errorf("%s is a date without a time of day; %s", m, useTime)
	}
	return m.at, err
}

const useTime = "use .LogicalTime or .Interval.Start"

// with returns m at another time of its zone's clocks: the first time that they show it, or the first
// after it if they skip it.
func (m moment) with(year int, month time.Month, day, hour, minute, second int) (moment, error) {
	wall := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	if y := wall.Year(); y < 1 || y > 9999 {
		return m, fmt.Errorf("the year %d is out of range; use 1 to 9999", y)
	}
	if m.isDate {
		return moment{wall, true}, nil
	}
	return moment{at: cron.Reached(wall, m.at.Location())}, nil
}

// format writes a date or a time in a layout of Go's, strftime's or Java's, or in a named one:
// {{.LogicalTime | format "yyyy/MM/dd"}}.
func format(text string, v any) (string, error) {
	m, err := asMoment(v)
	if err != nil {
		return "", err
	}
	l, err := layout.Parse(text)
	if err != nil {
		return "", err
	}
	if part := l.TimeOfDay(); part != "" && m.isDate {
		return "", fmt.Errorf("%s is a date, and %s in the layout %q is of a time of day; %s", m, part, text, useTime)
	}
	return bounded(l.Format(m.at))
}

// inZone returns a time as the clocks of a zone show it.
func inZone(zone string, v any) (moment, error) {
	t, err := asTime(v)
	if err != nil {
		return moment{}, err
	}
	loc, err := loadZone(zone)
	return moment{at: t.In(loc)}, err
}

func unix(v any) (int, error) {
	t, err := asTime(v)
	return int(t.Unix()), err
}

func isoWeek(v any) (int, error) {
	m, err := asMoment(v)
	_, week := m.at.ISOWeek()
	return week, err
}

func isoYear(v any) (int, error) {
	m, err := asMoment(v)
	year, _ := m.at.ISOWeek()
	return year, err
}
