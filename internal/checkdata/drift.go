package checkdata

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/statistics"
)

// mostLooked is how many records of a dataset are looked at for a comparison.
const mostLooked = 1000

// drift decides the checks that compare with earlier runs.
func (c *Checker) drift(ctx context.Context, rec *run.Record, recorded map[pipeline.Output]statistics.Statistics) (all []job.Finding, _ error) {
	values := rec.Context(c.Settings)
	for i, check := range rec.Spec.Checks {
		if check.Drift == nil {
			continue
		}
		o, err := rec.Spec.CheckedOutput(i, values)
		if err != nil {
			all = append(all, job.Finding{Dataset: check.Dataset, Expect: "drift", Found: err.Error(), Warn: check.Severity == job.SeverityWarn})
			continue
		}
		now := recorded[o]
		earlier, err := c.history(ctx, rec, now, cmp.Or(check.Drift.Against, job.DefaultAgainst))
		if err != nil {
			return nil, err
		}
		for _, f := range now.Drift(*check.Drift, earlier) {
			f.Warn = !f.OK && check.Severity == job.SeverityWarn
			all = append(all, f)
		}
	}
	return all, nil
}

// history returns what earlier runs of the pipeline have written of the same kind, at most so many: those
// of the same weekday if the runs are daily and there are enough.
func (c *Checker) history(ctx context.Context, rec *run.Record, now statistics.Statistics, most int) (statistics.History, error) {
	p := past{now: now, most: most, daily: isDaily(rec)}
	for s, err := range c.Statistics.Newest(ctx, now.Dataset, now.LogicalTime) {
		if err != nil {
			return statistics.History{}, err
		}
		if p.complete(s) {
			break
		}
		if !p.wants(s) {
			continue
		}
		earlier, err := c.Runs.Peek(ctx, s.RunID)
		if err != nil {
			return statistics.History{}, err
		}
		if earlier != nil && earlier.State == run.Succeeded {
			p.add(s)
		}
	}
	return p.history(), nil
}

// past collects the statistics of earlier runs, the newest first.
type past struct {
	now   statistics.Statistics
	most  int
	daily bool

	looked       int
	all, weekday []statistics.Statistics
}

// complete reports whether neither s nor an earlier one is needed.
func (p *past) complete(s statistics.Statistics) bool {
	p.looked++
	if p.looked > mostLooked {
		return true
	}
	far := s.LogicalTime.Before(p.now.LogicalTime.AddDate(0, 0, -7*p.most))
	return len(p.all) == p.most && (!p.daily || len(p.weekday) == p.most || far)
}

// same reports whether s is of a day of a schedule, and of the same weekday.
func (p *past) same(s statistics.Statistics) bool { return p.daily && dayOf(s) == dayOf(p.now) }

func (p *past) wants(s statistics.Statistics) bool {
	again := p.daily && s.LogicalDate == p.now.LogicalDate
	return alike(s, p.now) && !again && (len(p.all) < p.most || p.same(s))
}

func (p *past) add(s statistics.Statistics) {
	if len(p.all) < p.most {
		p.all = append(p.all, s)
	}
	if p.same(s) && len(p.weekday) < p.most {
		p.weekday = append(p.weekday, s)
	}
}

func (p *past) history() statistics.History {
	if len(p.weekday) >= statistics.LeastHistory {
		return statistics.History{Runs: p.weekday, Of: " on " + dayOf(p.now).String() + "s"}
	}
	return statistics.History{Runs: p.all, Of: ""}
}

// alike reports whether s is of another date of the same pipeline, and as complete as now.
func alike(s, now statistics.Statistics) bool {
	return s.Pipeline == now.Pipeline && s.Keys == now.Keys && s.Values == now.Values && s.RunID != now.RunID &&
		!s.LogicalTime.Equal(now.LogicalTime) && !sameDate(s.Partition, now.Partition) && s.Rows != nil && s.Partial == ""
}

// year finds a date in the name of a partition.
var year = regexp.MustCompile(`\d{4}`)

// sameDate reports whether two runs have written the same partition of a time: the later one
// has replaced it. A partition such as country=pt is written by every run.
func sameDate(a, b string) bool { return a == b && year.MatchString(a) }

// isDaily reports whether the run is for a day of a schedule.
func isDaily(rec *run.Record) bool {
	r := rec.Run
	span := r.IntervalEnd.Sub(r.IntervalStart)
	scheduled := slices.ContainsFunc(rec.Spec.Triggers, func(t pipeline.Trigger) bool { return t.Schedule != "" })
	return scheduled && r.Trigger.Kind != run.ByS3 && r.Trigger.Kind != run.ByRequest && span >= 23*time.Hour && span <= 25*time.Hour
}

// dayOf is the weekday of the date that s is for.
func dayOf(s statistics.Statistics) time.Weekday {
	t, err := time.Parse(time.DateOnly, s.LogicalDate)
	if err != nil {
		t = s.LogicalTime
	}
	return t.Weekday()
}
