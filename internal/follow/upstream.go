package follow

import (
	"context"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/cron"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// Upstream is a registered pipeline that others wait for.
type Upstream struct {
	Name      string
	Matrix    pipeline.Matrix
	Schedules []calendar.Schedule // of its current version
}

// planned is a planned time of an upstream, with the values of params that its run has.
type planned struct {
	at     time.Time
	values map[string]string
}

// values are those of params that the runs of one time have: one for each combination of
// the matrix.
func (u Upstream) values() []map[string]string {
	all, err := u.Matrix.Combinations(nil)
	if err != nil || len(all) == 0 {
		return []map[string]string{nil}
	}
	return all
}

// clock is a schedule that can be computed with.
type clock struct {
	calendar.Schedule

	cron cron.Schedule
	loc  *time.Location
}

// clocks are the schedules that can be read; registered ones can.
func (u Upstream) clocks() (all []clock) {
	for _, s := range u.Schedules {
		c, err := cron.Parse(s.Cron)
		if err != nil {
			continue
		}
		if loc, err := time.LoadLocation(s.Zone); err == nil && s.Until.IsZero() {
			all = append(all, clock{s, c, loc})
		}
	}
	return all
}

// plans reports whether a schedule of u plans a time.
func (u Upstream) plans(t time.Time) bool {
	for _, c := range u.clocks() {
		if c.cron.Next(t.Add(-1), c.loc).Equal(t) {
			return true
		}
	}
	return false
}

// onDate are the planned times of a date, each with the values of its runs, in order. On the
// date on which a schedule was registered, they begin with the registration.
func (u Upstream) onDate(ctx context.Context, date string, skips Skips) ([]planned, error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil, err
	}
	var all []planned
	for _, c := range u.clocks() {
		own, err := c.onDate(ctx, day, skips)
		if err != nil {
			return nil, err
		}
		combinations, err := u.Matrix.Combinations(c.Params)
		if err != nil {
			return nil, err
		}
		for _, t := range own {
			for _, m := range combinations {
				all = append(all, planned{t, run.With(c.Params, m)})
			}
		}
	}
	return all, nil
}

// around is how far the clocks of a zone may be from UTC, and a change of them.
const around = 28 * time.Hour

func (c clock) onDate(ctx context.Context, day time.Time, skips Skips) (own []time.Time, _ error) {
	from, until := day.Add(-around), day.Add(24*time.Hour+around)
	var times, since []time.Time
	for t := range c.cron.Between(from, until, c.loc) {
		if c.cron.Date(t, c.loc).Equal(day) {
			times = append(times, t.UTC())
			if t.After(c.Since) {
				since = append(since, t.UTC())
			}
		}
	}
	if len(since) > 0 { // else the date is before the registration: a backfill makes all of it
		times = since
	}
	if len(times) == 0 {
		return nil, nil
	}
	spans, err := skips.Skipped(ctx, c.Pipeline, times[0], times[len(times)-1])
	if err != nil {
		return nil, err
	}
	for _, t := range times {
		if !c.skips(spans, t) {
			own = append(own, t)
		}
	}
	return own, nil
}

// skips reports whether a policy of the schedule has skipped a time.
func (c clock) skips(spans []calendar.Skipped, t time.Time) bool {
	for _, k := range spans {
		if k.Schedule == c.String() && !t.Before(k.First) && !t.After(k.Last) {
			return true
		}
	}
	return false
}
