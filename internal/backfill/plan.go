package backfill

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/cron"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// Entry is a date and value of a plan.
type Entry struct {
	Planned time.Time `json:"planned"`
	Value   string    `json:"value,omitempty"` // combination of the matrix
	RunID   string    `json:"runId"`
	There   string    `json:"there"`  // state of its run, or missing
	Action  string    `json:"action"` // what would happen

	child Child
}

// Actions of a plan.
const (
	Run   = "run"
	Again = "retry" // what has succeeded of it is kept
	None  = "none"
)

// Check completes the request and says what is wrong with it.
func (q *Request) Check(now time.Time) error {
	q.Only, q.Order, q.Parallel = cmp.Or(q.Only, Missing), cmp.Or(q.Order, Asc), cmp.Or(q.Parallel, 1)
	if err := q.checkDates(now); err != nil {
		return err
	}
	return q.checkChoices()
}

func bad(format string, args ...any) error { return fault.New(fault.InvalidInput, format, args...) }

// skew is how far the clock may be ahead that has set To to the present.
const skew = time.Minute

func (q *Request) checkDates(now time.Time) error {
	switch {
	case q.From.IsZero() || q.To.IsZero():
		return bad("a backfill needs --from and --to")
	case q.From.After(q.To):
		return bad("--from %s is after --to %s; exchange them", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	case q.From.After(now):
		return bad("--from %s is in the future; a backfill runs dates that have passed", q.From.Format(time.RFC3339))
	case q.To.After(now.Add(skew)):
		return bad("--to %s is in the future; a backfill runs dates that have passed", q.To.Format(time.RFC3339))
	case q.Every != 0 && q.Chunk != 0:
		return bad("--every and --chunk exclude each other; use one of both")
	case q.Every+q.Chunk != 0 && q.step() < time.Minute:
		return bad("--every and --chunk need at least 1m")
	}
	if q.To.After(now) {
		q.To = now
	}
	q.From = q.From.Truncate(time.Second)
	return nil
}

func (q *Request) checkChoices() error {
	switch {
	case !slices.Contains([]string{Missing, Failed, All}, q.Only):
		return bad("invalid --only %q; use missing, failed or all", q.Only)
	case q.Order != Asc && q.Order != Desc:
		return bad("invalid --order %q; use asc or desc", q.Order)
	case q.Parallel < 1 || q.Parallel > MostAtATime:
		return bad("invalid --parallel %d; use 1 to %d", q.Parallel, MostAtATime)
	case q.MaxCost < 0:
		return bad("invalid --max-cost %.2f; use an amount in USD above 0", q.MaxCost)
	}
	return nil
}

// Plan are the dates and values of the request for a pipeline.
func (q Request) Plan(spec *pipeline.Spec) ([]calendar.Schedule, []Entry, error) {
	schedules, err := q.schedules(spec)
	if err != nil {
		return nil, nil, err
	}
	var all []Entry
	seen := map[string]bool{}
	for i, s := range schedules {
		combinations, err := s.Matrix.Combinations(s.Params)
		if err != nil {
			return nil, nil, fault.New(fault.InvalidInput, "pipeline %s: %w", q.Pipeline, err)
		}
		times, err := q.times(s)
		if err != nil {
			return nil, nil, err
		}
		for t := range times {
			for v, c := range combinations {
				e := Entry{Planned: t, Value: pipeline.Values(c), RunID: s.RunID(t, c), child: Child{At: t.Unix(), Schedule: i, Value: v}}
				if seen[e.RunID] {
					continue
				}
				seen[e.RunID] = true
				all = append(all, e)
			}
			if len(all) > MostRuns {
				return nil, nil, fault.New(fault.InvalidInput, "more than %d runs between --from %s and --to %s; choose a shorter time, or dates further apart with --every",
					MostRuns, q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Entry) int {
		if q.Order == Desc {
			return b.Planned.Compare(a.Planned)
		}
		return a.Planned.Compare(b.Planned)
	})
	return schedules, all, nil
}

// decide says what there is of a date, and what is to happen.
func (q Request) decide(known map[string]run.Run, id string) (there, action string) {
	r, ok := known[id]
	switch {
	case !ok && q.Only != Failed:
		return Missing, Run
	case !ok:
		return Missing, None
	case q.Only != Missing && r.State == run.Rejected: // there is no run to retry
		return string(r.State), Run
	case q.Only != Missing && failed(r.State):
		return string(r.State), Again
	}
	return string(r.State), None
}

// failed reports whether a run in this state can be made again.
func failed(s run.State) bool { return s == run.Failed || s == run.Cancelled || s == run.Rejected }

// schedules are those of the pipeline that the params select, with the values of the
// matrix that they name; one without planned times of its own for --every and --chunk.
func (q Request) schedules(spec *pipeline.Spec) ([]calendar.Schedule, error) {
	all := calendar.Schedules(spec, 0, time.Time{})
	if q.step() > 0 {
		all = []calendar.Schedule{{Pipeline: spec.Name, Zone: spec.Zone(), Matrix: spec.Matrix}}
	}
	if len(all) == 0 {
		return nil, fault.New(fault.InvalidInput, "pipeline %s has no schedule; say with --every how far its dates are apart, like --every 1d", spec.Name)
	}
	var chosen []calendar.Schedule
	for _, s := range all {
		fits, err := q.choose(spec, &s)
		if err != nil {
			return nil, err
		}
		if fits {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, bad("no schedule of pipeline %s has these params; leave out --param", spec.Name)
	}
	return chosen, nil
}

// choose leaves the values of the matrix in s that the params name. It is false if s sets
// one of the params to another value.
func (q Request) choose(spec *pipeline.Spec, s *calendar.Schedule) (bool, error) {
	fits := true
	s.Matrix = maps.Clone(s.Matrix)
	if err := q.checkParams(spec, *s); err != nil {
		return false, err
	}
	for name, v := range q.Params {
		if have, ok := s.Params[name]; ok && have != v {
			fits = false
		}
		values, ok := s.Matrix[name]
		if ok && !slices.Contains(values, v) {
			return false, bad("param %s: %q is not a value of the matrix; use one of %q", name, v, values)
		}
		if ok {
			s.Matrix[name] = []string{v}
		}
	}
	return fits, nil
}

// checkParams says what is wrong with the params for the runs of s, before all dates are
// refused for it.
func (q Request) checkParams(spec *pipeline.Spec, s calendar.Schedule) error {
	for _, name := range slices.Sorted(maps.Keys(q.Params)) {
		p, ok := spec.Params[name]
		switch v := q.Params[name]; {
		case !ok:
			return bad("pipeline %s has no param %s; use one of %q", spec.Name, name, slices.Sorted(maps.Keys(spec.Params)))
		case p.Sensitive:
			return bad("param %s of pipeline %s is sensitive, and a backfill keeps its params; use ephemr start for each date", name, spec.Name)
		case len(p.Allowed) > 0 && !slices.Contains(p.Allowed, v):
			return bad("param %s: %q is not allowed; use one of %q", name, v, p.Allowed)
		}
	}
	given := run.With(q.Params, s.Params)
	for _, name := range slices.Sorted(maps.Keys(spec.Params)) {
		if _, ok := given[name]; !ok && spec.Params[name].Default == nil && len(s.Matrix[name]) == 0 {
			return bad("param %s of pipeline %s is required; give it a value with --param %s=VALUE", name, spec.Name, name)
		}
	}
	return nil
}

// times yields the dates of a schedule.
func (q Request) times(s calendar.Schedule) (iter.Seq[time.Time], error) {
	if q.step() == 0 {
		return s.Between(q.From.Add(-1), q.To)
	}
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, fmt.Errorf("time zone of pipeline %s: %w", q.Pipeline, err)
	}
	return func(yield func(time.Time) bool) {
		for i := 0; ; i++ {
			if t := q.date(i, loc); t.After(q.To) || !yield(t) {
				return
			}
		}
	}, nil
}

// step is the time between dates that no schedule plans.
func (q Request) step() time.Duration { return max(q.Every, q.Chunk).Std() }

const aDay = 24 * time.Hour

// date is the date number i of those that no schedule plans. Whole days are those of the
// zone: where clocks change, a day has 23 or 25 hours.
func (q Request) date(i int, loc *time.Location) time.Time {
	step := q.step()
	if step%aDay != 0 {
		return q.From.Add(time.Duration(i) * step).UTC()
	}
	from := q.From.In(loc)
	wall := time.Date(from.Year(), from.Month(), from.Day()+i*int(step/aDay), from.Hour(), from.Minute(), from.Second(), from.Nanosecond(), time.UTC)
	return cron.Reached(wall, loc).UTC()
}

// Interval is the span of the run of c: from its date to the next. It is empty unless
// the request has chunks.
func (b Backfill) Interval(c Child) (start, end time.Time, _ error) {
	if b.Request.Chunk == 0 {
		return time.Time{}, time.Time{}, nil
	}
	loc, err := time.LoadLocation(b.Schedules[c.Schedule].Zone)
	if err != nil {
		return start, end, fmt.Errorf("time zone of backfill %s: %w", b.ID, err)
	}
	step := b.Request.step()
	i := int((c.Planned().Sub(b.Request.From) + step/2) / step) // clocks change by less than half a day
	return c.Planned(), b.Request.date(i+1, loc), nil
}
