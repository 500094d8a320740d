package pipeline

import (
	"time"

	"ephemr/internal/cron"
)

// Occasion is what a run is for: a date, in a time zone, and a span of time.
type Occasion struct {
	Date     string // 2006-01-02
	Zone     string // IANA name
	Interval Interval
}

// OccasionOf returns what the run of a logical time is for. isDate says that the time was given as a date,
// which is then the run's, in whatever zone.
//
// A time that one of the pipeline's schedules plans has the schedule's zone, and its interval ends with the
// next planned time. Any other is of the pipeline's zone, and its interval is its date.
func (s Spec) OccasionOf(logical time.Time, isDate bool) Occasion {
	for _, t := range s.Triggers {
		if o, ok := s.planned(t, logical); ok && (!isDate || o.Date == logical.UTC().Format(time.DateOnly)) {
			return o
		}
	}
	o := Occasion{Zone: s.Zone()}
	loc, err := loadZone(o.Zone)
	if err != nil { // it is valid, but this build does not know it
		o.Zone = "UTC"
	}
	if !isDate {
		logical = logical.In(loc)
	}
	year, month, day := logical.Date()
	date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	o.Date = date.Format(time.DateOnly)
	o.Interval = interval(cron.Reached(date, loc), cron.Reached(date.AddDate(0, 0, 1), loc))
	return o
}

// interval is a span in UTC. It ends with the year 9999, after which RFC 3339 cannot write times.
func interval(start, end time.Time) Interval {
	if last := time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC); end.After(last) {
		end = last
	}
	return Interval{Start: start.UTC(), End: end.UTC()}
}

// planned returns the occasion of a time that a trigger plans.
func (s Spec) planned(t Trigger, logical time.Time) (Occasion, bool) {
	schedule, err := cron.Parse(t.Schedule)
	if err != nil { // it is no schedule
		return Occasion{}, false
	}
	zone := t.Zone(s)
	loc, err := loadZone(zone)
	if err != nil || !schedule.Next(logical.Add(-1), loc).Equal(logical) {
		return Occasion{}, false
	}
	start, end := schedule.Interval(logical, loc)
	return Occasion{
		Date: schedule.Date(logical, loc).Format(time.DateOnly), Zone: zone, Interval: interval(start, end),
	}, true
}

// Context returns the part of a run's values that the occasion determines, for params.
func (o Occasion) Context(logical time.Time) Context {
	return Context{LogicalDate: o.Date, LogicalTime: logical.UTC().Format(time.RFC3339), Timezone: o.Zone, Interval: o.Interval}
}
