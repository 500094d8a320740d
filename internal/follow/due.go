package follow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/cron"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// Skips reads the planned times that policies have skipped.
type Skips interface {
	Skipped(ctx context.Context, pipeline string, from, until time.Time) ([]calendar.Skipped, error)
}

// Successes reads successes, as Store.Before does.
type Successes interface {
	Before(ctx context.Context, pipeline string, from, until time.Time, page int32, visit func(Success) bool) error
}

// Due is a run, of each value of a matrix, whose upstreams have all succeeded.
type Due struct {
	Logical  time.Time
	Occasion pipeline.Occasion
	Identity []string // in addition to pipeline, time and params
	Runs     []string // that have succeeded for it, at most mostNamed
}

// mostNamed is how many runs of upstreams a run names.
const mostNamed = 50

// Decider decides what is due.
type Decider struct {
	Successes Successes
	Skips     Skips
	Upstream  func(ctx context.Context, name string) (*Upstream, error) // nil = it is not registered
}

// Due returns the runs of a pipeline that are due now that x has succeeded. What has been
// due before is returned again.
func (d *Decider) Due(ctx context.Context, spec *pipeline.Spec, x Success) ([]Due, error) {
	a := spec.After()
	if a == nil {
		return nil, nil // another version
	}
	i := slices.IndexFunc(a.On, func(t pipeline.AfterTrigger) bool { return t.Pipeline == x.Pipeline })
	if i < 0 {
		return nil, nil
	}
	q := &question{Decider: d, spec: spec, after: *a, cause: x}
	switch a.Same {
	case pipeline.SameDate:
		return q.date(ctx, a.On[i])
	case pipeline.SameInterval:
		return q.intervals(ctx, a.On[i])
	case pipeline.SameLatest:
		return q.latest(ctx)
	}
	return nil, nil
}

// question is what is due after a success.
type question struct {
	*Decider

	spec  *pipeline.Spec
	after pipeline.After
	cause Success
}

// all asks each upstream what has succeeded for a run; ok is false if one has not.
func (q *question) all(ctx context.Context, anchored func(*Upstream) ([]string, bool, error)) (runs []string, ok bool, _ error) {
	for _, t := range q.after.On {
		u, err := q.Upstream(ctx, t.Pipeline)
		if err != nil || u == nil {
			return nil, false, err
		}
		var some []string
		if t.Kind() == pipeline.SameLatest {
			some, ok, err = q.newest(ctx, u)
		} else {
			some, ok, err = anchored(u)
		}
		if err != nil || !ok {
			return nil, false, err
		}
		runs = append(runs, some...)
	}
	return runs[:min(len(runs), mostNamed)], true, nil
}

// identity distinguishes the run from that of a schedule of the pipeline for the same time.
func (q *question) identity(logical time.Time) []string {
	own := Upstream{Schedules: calendar.Schedules(q.spec, 0, time.Time{})}
	if own.plans(logical) {
		return []string{"after"}
	}
	return nil
}

// zone is that of the pipeline.
func (q *question) zone(name string) (string, *time.Location) {
	if loc, err := time.LoadLocation(name); err == nil {
		return name, loc
	}
	return "UTC", time.UTC
}

// newestLead is the newest success of the upstream that says what runs are for.
func (q *question) newestLead(ctx context.Context) (found *Success, _ error) {
	err := q.Successes.Before(ctx, q.after.Lead().Pipeline, time.Time{}, forever, 1, func(s Success) bool {
		found = &s
		return false
	})
	return found, err
}

// forever is after every logical time.
var forever = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)

// newestPages is how many successes are read to find a time for which all values of a
// matrix have succeeded.
const newestPages = 200

// newest are the runs of the newest time for which u has succeeded, for all values of its
// matrix.
func (q *question) newest(ctx context.Context, u *Upstream) (runs []string, ok bool, _ error) {
	left := newestPages
	var at time.Time
	var same []Success
	err := q.Successes.Before(ctx, u.Name, time.Time{}, forever, page(len(u.values())), func(s Success) bool {
		if !s.LogicalTime.Equal(at) {
			at, same = s.LogicalTime, nil
		}
		same = append(same, s)
		runs, ok = each(u.values(), same)
		left--
		return !ok && left > 0
	})
	return runs, ok, err
}

// page is how many items are read at a time to find n.
func page(n int) int32 { return int32(min(max(n, 1), 100)) } //nolint:gosec // it fits

// each returns a run for each of the values, and false if one has not succeeded.
func each(values []map[string]string, from []Success) (runs []string, ok bool) {
	for _, v := range values {
		i := slices.IndexFunc(from, func(s Success) bool { return s.has(v) })
		if i < 0 {
			return nil, false
		}
		runs = append(runs, from[i].RunID)
	}
	return runs, true
}

// latest is the run after the newest success of an upstream. An older one requests nothing.
func (q *question) latest(ctx context.Context) ([]Due, error) {
	u, err := q.Upstream(ctx, q.cause.Pipeline)
	if err != nil || u == nil {
		return nil, err
	}
	var same []Success
	newer := false
	err = q.Successes.Before(ctx, u.Name, q.cause.LogicalTime, forever, page(len(u.values())), func(s Success) bool {
		newer = newer || s.LogicalTime.After(q.cause.LogicalTime)
		same = append(same, s)
		return !newer
	})
	if err != nil || newer {
		return nil, err
	}
	if _, ok := each(u.values(), same); !ok {
		return nil, nil
	}
	runs, ok, err := q.all(ctx, nil)
	if err != nil || !ok {
		return nil, err
	}
	return []Due{{Logical: q.cause.LogicalTime, Occasion: q.inherited(q.cause), Identity: []string{"after", u.Name}, Runs: runs}}, nil
}

// inherited is the occasion of a success, with the date in the pipeline's own zone if it has
// one.
func (q *question) inherited(s Success) pipeline.Occasion {
	return q.occasion(cmp.Or(q.spec.Timezone, s.Timezone), s, s.IntervalStart, s.IntervalEnd)
}

func (q *question) occasion(name string, s Success, start, end time.Time) pipeline.Occasion {
	zone, loc := q.zone(name)
	o := pipeline.Occasion{Zone: zone, Date: s.LogicalTime.In(loc).Format(time.DateOnly), Interval: pipeline.Interval{Start: start, End: end}}
	if zone == s.Timezone {
		o.Date = s.LogicalDate
	}
	return o
}

// date is the run of a date.
func (q *question) date(ctx context.Context, of pipeline.AfterTrigger) ([]Due, error) {
	date := q.cause.LogicalDate
	if of.Kind() == pipeline.SameLatest {
		lead, err := q.newestLead(ctx)
		if err != nil || lead == nil {
			return nil, err
		}
		date = lead.LogicalDate
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil, nil //nolint:nilerr // a record that was changed by hand
	}
	runs, ok, err := q.all(ctx, func(u *Upstream) ([]string, bool, error) { return q.doneOn(ctx, u, date, day) })
	if err != nil || !ok {
		return nil, err
	}
	zone, loc := q.zone(q.spec.Zone())
	start, end := cron.Reached(day, loc).UTC(), cron.Reached(day.AddDate(0, 0, 1), loc).UTC()
	return []Due{{
		Logical: start, Occasion: pipeline.Occasion{Date: date, Zone: zone, Interval: pipeline.Interval{Start: start, End: end}},
		Identity: q.identity(start), Runs: runs,
	}}, nil
}

// doneOn are the runs of u for a date, if they have succeeded: for each planned time and
// value, or one for each value if no schedule plans a time on the date.
func (q *question) doneOn(ctx context.Context, u *Upstream, date string, day time.Time) ([]string, bool, error) {
	times, err := u.onDate(ctx, date, q.Skips)
	if err != nil {
		return nil, false, err
	}
	if len(times) == 0 {
		return q.anyOn(ctx, u, date, day)
	}
	last := times[len(times)-1]
	for _, p := range times {
		if p.at.After(last.at) {
			last = p
		}
	}
	if _, ok, err := q.planned(ctx, u, []planned{last}, last.at, last.at, day); err != nil || !ok {
		return nil, false, err // most dates end with it: the others are not read before
	}
	first := times[0].at
	for _, p := range times {
		first = earlier(first, p.at)
	}
	return q.planned(ctx, u, times, first, last.at, day)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// planned are the runs of planned times from first to last, if they have succeeded. A run
// that a person has requested for the date stands for all of them.
func (q *question) planned(ctx context.Context, u *Upstream, times []planned, first, last, day time.Time) (runs []string, ok bool, _ error) {
	var found, whole []Success
	if err := q.Successes.Before(ctx, u.Name, day, day.Add(1), 100, func(s Success) bool {
		if s.ofDate() {
			whole = append(whole, s)
		}
		return true
	}); err != nil {
		return nil, false, err
	}
	if err := q.Successes.Before(ctx, u.Name, first, last.Add(1), 1000, func(s Success) bool {
		found = append(found, s)
		return true
	}); err != nil {
		return nil, false, err
	}
	byTime := map[int64][]Success{}
	for _, s := range found {
		byTime[s.LogicalTime.UnixNano()] = append(byTime[s.LogicalTime.UnixNano()], s)
	}
	for _, p := range times {
		some, ok := each([]map[string]string{p.values}, append(byTime[p.at.UnixNano()], whole...))
		if !ok {
			return nil, false, nil
		}
		if !slices.Contains(runs, some[0]) {
			runs = append(runs, some[0])
		}
	}
	return runs, true, nil
}

// anyOn are the newest runs of u for a date that no schedule plans.
func (q *question) anyOn(ctx context.Context, u *Upstream, date string, day time.Time) (runs []string, ok bool, _ error) {
	var same []Success
	err := q.Successes.Before(ctx, u.Name, day.Add(-around), day.Add(24*time.Hour+around), page(4*len(u.values())), func(s Success) bool {
		if s.LogicalDate == date {
			same = append(same, s)
			runs, ok = each(u.values(), same)
		}
		return !ok
	})
	return runs, ok, err
}

// counts reports whether a success of u counts for dates and intervals: of a pipeline with
// schedules, only those of their planned times do, and what a person requests for a date.
func (u Upstream) counts(s Success) bool {
	return len(u.Schedules) == 0 || s.Kind == run.BySchedule || s.Kind == run.ByBackfill || s.ofDate() || u.plans(s.LogicalTime)
}
