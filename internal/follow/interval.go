package follow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ephemr/internal/cron"
	"ephemr/internal/pipeline"
)

// mostIntervals is how many intervals of a pipeline one success may complete.
const mostIntervals = 2000

// span is an interval that a run is for.
type span struct {
	start, end time.Time
	occasion   pipeline.Occasion
}

// intervals are the runs of the intervals that the cause has completed.
func (q *question) intervals(ctx context.Context, of pipeline.AfterTrigger) ([]Due, error) {
	from, until := q.cause.IntervalStart, q.cause.IntervalEnd
	if of.Kind() == pipeline.SameLatest {
		lead, err := q.newestLead(ctx)
		if err != nil || lead == nil {
			return nil, err
		}
		from, until = lead.IntervalStart, lead.IntervalEnd
	}
	spans, err := q.spans(ctx, from, until)
	if err != nil {
		return nil, err
	}
	var all []Due
	for _, s := range spans {
		runs, ok, err := q.all(ctx, func(u *Upstream) ([]string, bool, error) { return q.covering(ctx, u, s) })
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, Due{Logical: s.start, Occasion: s.occasion, Identity: q.identity(s.start), Runs: runs})
		}
	}
	return all, nil
}

// spans are the pipeline's intervals that overlap a span of time.
func (q *question) spans(ctx context.Context, from, until time.Time) ([]span, error) {
	if q.after.Intervals == "" {
		return q.leadSpans(ctx, from, until)
	}
	c, err := cron.Parse(q.after.Intervals)
	if err != nil {
		return nil, err
	}
	zone, loc := q.zone(q.spec.Zone())
	var all []span
	for t := c.Prev(from.Add(1), loc); !t.IsZero() && t.Before(until) && len(all) < mostIntervals; t = c.Next(t, loc) {
		start, end := c.Interval(t, loc)
		if end.IsZero() {
			break
		}
		start, end = start.UTC(), end.UTC()
		all = append(all, span{start, end, pipeline.Occasion{
			Date: c.Date(start, loc).Format(time.DateOnly), Zone: zone, Interval: pipeline.Interval{Start: start, End: end},
		}})
	}
	return all, nil
}

// leadSpans are the intervals of the first upstream's runs, as far as they have succeeded.
func (q *question) leadSpans(ctx context.Context, from, until time.Time) ([]span, error) {
	lead, err := q.Upstream(ctx, q.after.Lead().Pipeline)
	if err != nil || lead == nil {
		return nil, err
	}
	var all []span
	add := func(s Success) {
		known := slices.ContainsFunc(all, func(o span) bool { return o.start.Equal(s.IntervalStart) && o.end.Equal(s.IntervalEnd) })
		if !known && lead.counts(s) && s.IntervalStart.Before(until) && s.IntervalEnd.After(from) {
			all = append(all, span{s.IntervalStart, s.IntervalEnd, q.occasion(cmp.Or(q.spec.Timezone, s.Timezone), s, s.IntervalStart, s.IntervalEnd)})
		}
	}
	if q.cause.Pipeline == lead.Name {
		add(q.cause)
		return all, nil
	}
	err = q.reaching(ctx, lead, from, until, func(s Success) bool {
		add(s)
		return len(all) < mostIntervals
	})
	return all, err
}

// lookBack is how many successes are read without finding one that covers more: those of
// one pipeline follow one another.
const lookBack = 100

// reaching visits the successes of u that may overlap a span of time, the latest first.
func (q *question) reaching(ctx context.Context, u *Upstream, from, until time.Time, visit func(Success) bool) error {
	left := lookBack + len(u.values())
	return q.Successes.Before(ctx, u.Name, time.Time{}, until, 100, func(s Success) bool {
		if s.LogicalTime.Before(from) {
			left--
		}
		return visit(s) && left > 0
	})
}

// cover is how far an interval is covered by the runs of one value of a matrix.
type cover struct {
	values map[string]string
	from   time.Time // the interval is covered from then on
	vain   int       // successes that were read since it has grown
}

// add reports whether a success may be followed by others that cover more.
func (c *cover) add(s Success, start time.Time, most int) (grown, more bool) {
	if !c.from.After(start) {
		return false, true
	}
	if c.vain++; s.has(c.values) && s.IntervalStart.Before(c.from) && !s.IntervalEnd.Before(c.from) {
		c.from, c.vain, grown = s.IntervalStart, 0, true
	}
	return grown, c.vain < most
}

// covering are the runs of u whose intervals cover s for all values of its matrix, if they
// have succeeded.
func (q *question) covering(ctx context.Context, u *Upstream, s span) (runs []string, ok bool, _ error) {
	var covers []*cover
	for _, v := range u.values() {
		covers = append(covers, &cover{values: v, from: s.end})
	}
	err := q.Successes.Before(ctx, u.Name, time.Time{}, s.end, 100, func(x Success) bool {
		if !u.counts(x) {
			return true
		}
		done, used := true, false
		for _, c := range covers {
			grown, more := c.add(x, s.start, lookBack+2*len(covers))
			if used = used || grown; !more {
				return false
			}
			done = done && !c.from.After(s.start)
		}
		if used {
			runs = append(runs, x.RunID)
		}
		return !done
	})
	open := func(c *cover) bool { return c.from.After(s.start) }
	return runs, err == nil && !slices.ContainsFunc(covers, open), err
}
