// Package calendar decides which runs the schedules of pipelines request. It keeps for
// each schedule up to which planned time it has been handled, and computes the next
// from that time, never from the clock: a late, lost or doubled tick delays runs, and
// neither loses nor doubles a date (ADR 33).
package calendar

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"ephemr/internal/cron"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Schedule is a schedule of a registered pipeline, and up to when it was handled.
type Schedule struct {
	Pipeline string `dynamodbav:"pk" json:"pipeline"`
	Sort     string `dynamodbav:"sk" json:"-"`
	Cron     string `dynamodbav:"cron" json:"schedule"`
	Zone     string `dynamodbav:"zone" json:"timezone"`
	Version  int    `dynamodbav:"version" json:"version"` // of the pipeline, which it is from

	Params        map[string]string `dynamodbav:"params,omitempty" json:"params,omitempty"`
	Priority      *int              `dynamodbav:"priority,omitempty" json:"priority,omitempty"` // nil = the pipeline's
	Catchup       pipeline.Catchup  `dynamodbav:"catchup" json:"catchup"`
	CatchupWindow time.Duration     `dynamodbav:"catchupWindow" json:"catchupWindow"` // nanoseconds

	Overlap       pipeline.Overlap `dynamodbav:"overlap" json:"overlap"`
	DependsOnPast bool             `dynamodbav:"dependsOnPast,omitempty" json:"dependsOnPast,omitempty"`

	Since  time.Time `dynamodbav:"since" json:"since"`                     // when it was registered: earlier planned times are not its own
	Last   time.Time `dynamodbav:"last" json:"last"`                       // planned times up to and including it are handled
	Made   time.Time `dynamodbav:"made,omitzero" json:"made,omitzero"`     // the newest that was requested
	MadeAt time.Time `dynamodbav:"madeAt,omitzero" json:"madeAt,omitzero"` // when that was
	Owed   time.Time `dynamodbav:"owed,omitzero" json:"owed,omitzero"`     // those up to and including it are requested whatever Catchup says
	Until  time.Time `dynamodbav:"until,omitzero" json:"until,omitzero"`   // when it was replaced: later planned times are not its own
}

// Defaults of triggers.
const (
	DefaultCatchup = pipeline.CatchupLatest
	DefaultOverlap = pipeline.OverlapQueue
	DefaultWindow  = 7 * 24 * time.Hour
)

// Schedules are the schedules of a version of a pipeline, in the order of its file.
// Planned times after from are theirs.
func Schedules(spec *pipeline.Spec, version int, from time.Time) []Schedule {
	var all []Schedule
	for _, t := range spec.Triggers {
		if t.Schedule == "" {
			continue
		}
		key := records.ScheduleKey(spec.Name, len(all))
		s := Schedule{
			Pipeline: key.Partition, Sort: key.Sort, Cron: t.Schedule, Zone: t.Zone(*spec), Version: version, Params: t.Params, Priority: t.Priority,
			Catchup: t.Catchup, CatchupWindow: t.CatchupWindow.Std(), Overlap: t.Overlap, DependsOnPast: t.DependsOnPast, Since: from.UTC(), Last: from.UTC(),
		}
		if s.Catchup == "" {
			s.Catchup = DefaultCatchup
		}
		if s.Overlap == "" {
			s.Overlap = DefaultOverlap
		}
		if s.CatchupWindow == 0 {
			s.CatchupWindow = DefaultWindow
		}
		all = append(all, s)
	}
	return all
}

// Key is the key of s.
func (s Schedule) Key() records.Key { return records.Key{Partition: s.Pipeline, Sort: s.Sort} }

// RunID is the id of the run of a planned time of s.
func (s Schedule) RunID(planned time.Time) string {
	return run.ID(s.Pipeline, planned, run.OfDate(s.Pipeline, planned, s.Params)...)
}

// String names the planned times of s.
func (s Schedule) String() string { return s.Cron + " " + s.Zone }

// SameTimes reports whether s and o have the same planned times.
func (s Schedule) SameTimes(o Schedule) bool { return s.Cron == o.Cron && s.Zone == o.Zone }

// Item is s as an item of the Pipelines table: in the index ByDue, unless its pipeline
// is paused or it has no planned time left.
func (s Schedule) Item(paused bool) (records.Item, error) {
	it, err := attributevalue.MarshalMap(s)
	if err != nil {
		return nil, fmt.Errorf("encode schedule %s of %s: %w", s, s.Pipeline, err)
	}
	next, err := s.Next()
	if err != nil {
		return nil, err
	}
	if !paused && !next.IsZero() {
		it[records.DueName], it[records.DueOrderName] = records.String(records.Due), records.String(records.DueOrder(next, s.Key()))
	}
	return it, nil
}

// Next is the first planned time of s that has not been handled, or zero.
func (s Schedule) Next() (time.Time, error) {
	p, err := s.planner()
	if err != nil {
		return time.Time{}, err
	}
	return p.next(s.Last), nil
}

// Retired is s with an end: planned times after until are another schedule's. owes is
// false if it has none left, as seen at until.
func (s Schedule) Retired(until time.Time, number int) (retired Schedule, owes bool, err error) {
	key := records.RetiredKey(s.Pipeline, until, number)
	s.Sort, s.Until = key.Sort, until.UTC()
	next, err := s.Next()
	return s, err == nil && !next.IsZero(), err
}

// planner computes the planned times of a schedule.
type planner struct {
	cron  cron.Schedule
	loc   *time.Location
	until time.Time
}

func (s Schedule) planner() (planner, error) {
	c, err := cron.Parse(s.Cron)
	if err != nil {
		return planner{}, fmt.Errorf("schedule %q of pipeline %s: %w", s.Cron, s.Pipeline, err)
	}
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return planner{}, fmt.Errorf("schedule %q of pipeline %s: %w", s.Cron, s.Pipeline, err)
	}
	return planner{c, loc, s.Until}, nil
}

// next is the first planned time after a time, or zero.
func (p planner) next(after time.Time) time.Time {
	t := p.cron.Next(after, p.loc)
	if t.IsZero() || !p.until.IsZero() && t.After(p.until) {
		return time.Time{}
	}
	return t.UTC()
}

// newest is the last planned time in (after, until], or zero.
func (p planner) newest(after, until time.Time) time.Time {
	if !p.until.IsZero() && until.After(p.until) {
		until = p.until
	}
	t := p.cron.Prev(until.Add(1), p.loc) // the last before the next nanosecond
	if t.IsZero() || !t.After(after) {
		return time.Time{}
	}
	return t.UTC()
}
