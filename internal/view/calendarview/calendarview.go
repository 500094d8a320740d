// Package calendarview is the calendar of a pipeline: what has become of each planned
// time, and which are next.
package calendarview

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// State is what has become of a planned time.
type State string

// States of planned times. Those of runs are in lower case, as run.State.
const (
	Scheduled State = "scheduled" // its time has not come
	Due       State = "due"       // its time has come, and the calendar has not handled it yet
	Skipped   State = "skipped"   // a rule of the schedule has left it out
	Missing   State = "missing"   // there is no run of it
	Queued    State = "queued"
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

var ofRun = map[run.State]State{
	run.Queued: Queued, run.Admitted: Queued, run.Running: Running, run.Succeeded: Succeeded, run.Failed: Failed, run.Cancelled: Cancelled, run.Rejected: Failed,
}

// Cell is what has become of a planned time for one column.
type Cell struct {
	State  State  `json:"state"`
	Value  string `json:"value,omitempty"` // combination of the matrix
	By     string `json:"by,omitempty"`    // what has requested its run: schedule, backfill or after
	RunID  string `json:"runId,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Date is a planned time, with a cell for each column.
type Date struct {
	Planned  time.Time `json:"planned"`  // UTC
	Local    string    `json:"local"`    // in the schedule's zone, RFC 3339
	Schedule string    `json:"schedule"` // cron fields
	Timezone string    `json:"timezone"`
	Cells    []Cell    `json:"cells"`
}

// Next is a planned time that comes.
type Next struct {
	Planned  time.Time `json:"planned"` // UTC
	Local    string    `json:"local"`   // RFC 3339
	Schedule string    `json:"schedule"`
	Timezone string    `json:"timezone"`
}

// Calendar is that of a pipeline.
type Calendar struct {
	Pipeline string   `json:"pipeline"`
	Paused   bool     `json:"paused"`
	Columns  []string `json:"columns"` // one for each combination of the matrix; [""] without one
	Dates    []Date   `json:"dates"`   // oldest first
	Earlier  int      `json:"earlier"` // dates before the first that are left out
	Next     []Next   `json:"next"`
}

// Query selects dates.
type Query struct {
	From, Until time.Time // planned times, both included
	Most        int       // of the newest dates; 0 = all
}

// Runs lists runs by logical time.
type Runs interface {
	Dated(ctx context.Context, pipeline string, from, until time.Time, visit func(run.Run) error) error
}

// Skips lists dates that were skipped.
type Skips interface {
	Skipped(ctx context.Context, pipeline string, from, until time.Time) ([]calendar.Skipped, error)
}

// Limits of a calendar.
const (
	NextTimes = 10
	MostDates = 10_000
)

// TooManyError reports a span with too many planned times.
type TooManyError struct{ Most int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("more than %d planned times between --from and --to; choose a shorter time", e.Most)
}

// Read reads the calendar of a pipeline as it is now.
func Read(ctx context.Context, name string, paused bool, schedules []calendar.Schedule, q Query, now time.Time, runs Runs, skips Skips) (*Calendar, error) {
	c := &Calendar{Pipeline: name, Paused: paused, Columns: []string{}, Dates: []Date{}, Next: []Next{}}
	known, err := read(ctx, name, q, runs, skips)
	if err != nil {
		return nil, err
	}
	for _, s := range schedules {
		if err := c.columns(s); err != nil {
			return nil, err
		}
		if err := c.add(s, q, now, known); err != nil {
			return nil, err
		}
		if err := c.next(s, now); err != nil {
			return nil, err
		}
	}
	c.addAfter(known)
	if len(c.Columns) == 0 {
		c.Columns = []string{""}
	}
	slices.SortStableFunc(c.Dates, func(a, b Date) int { return a.Planned.Compare(b.Planned) })
	slices.SortStableFunc(c.Next, func(a, b Next) int { return a.Planned.Compare(b.Planned) })
	c.Next = c.Next[:min(len(c.Next), NextTimes)]
	if q.Most > 0 && len(c.Dates) > q.Most {
		c.Earlier = len(c.Dates) - q.Most
		c.Dates = c.Dates[c.Earlier:]
	}
	return c, nil
}

// add adds the planned times of a schedule.
func (c *Calendar) add(s calendar.Schedule, q Query, now time.Time, known *history) error {
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", s, err)
	}
	from := q.From
	if !s.Until.IsZero() && from.Before(s.Last) {
		from = s.Last.Add(1) // what it was before is not known any more: only what it owes
	}
	times, err := s.Between(from.Add(-1), q.Until)
	if err != nil {
		return err
	}
	combinations, err := s.Matrix.Combinations(s.Params)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", s, err)
	}
	for t := range times {
		if len(c.Dates) >= MostDates && q.Most == 0 {
			return &TooManyError{MostDates}
		}
		d := Date{Planned: t, Local: t.In(loc).Format(time.RFC3339), Schedule: s.Cron, Timezone: s.Zone}
		for _, m := range combinations {
			cell := c.cell(s, t, m, now, known)
			cell.Value = pipeline.Values(m)
			d.Cells = append(d.Cells, cell)
		}
		c.Dates = append(c.Dates, d)
	}
	return nil
}

// columns adds those of a schedule's combinations.
func (c *Calendar) columns(s calendar.Schedule) error {
	all, err := s.Matrix.Combinations(s.Params)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", s, err)
	}
	for _, m := range all {
		if v := pipeline.Values(m); !slices.Contains(c.Columns, v) {
			c.Columns = append(c.Columns, v)
		}
	}
	return nil
}

// cell is what has become of a planned time for a combination of the matrix.
func (c *Calendar) cell(s calendar.Schedule, planned time.Time, matrix map[string]string, now time.Time, known *history) Cell {
	if r, ok := known.run(s, planned, matrix); ok {
		return Cell{State: ofRun[r.State], By: r.Trigger.Kind, RunID: r.ID, Reason: cmp.Or(r.Reason, waits(r))}
	}
	if reason, ok := known.skipped(s, planned); ok {
		return Cell{State: Skipped, Reason: reason}
	}
	switch {
	case planned.After(now):
		return Cell{State: Scheduled}
	case !planned.After(s.Since):
		return Cell{State: Missing, Reason: "before the schedule was registered"}
	case planned.After(s.Last) && c.Paused:
		return Cell{State: Due, Reason: "the pipeline is paused"}
	case planned.After(s.Last):
		return Cell{State: Due}
	}
	return Cell{State: Missing}
}

// waits says what a queued run waits for, if that is another date.
func waits(r run.Run) string {
	if r.State == run.Queued && r.After != "" {
		return "waits for run " + r.After + " to succeed"
	}
	return ""
}

// next adds the planned times of a schedule that come.
func (c *Calendar) next(s calendar.Schedule, now time.Time) error {
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", s, err)
	}
	times, err := s.Between(now, now.AddDate(30, 0, 0))
	if err != nil {
		return err
	}
	n := 0
	for t := range times {
		if n++; n > NextTimes {
			return nil
		}
		c.Next = append(c.Next, Next{Planned: t, Local: t.In(loc).Format(time.RFC3339), Schedule: s.Cron, Timezone: s.Zone})
	}
	return nil
}
