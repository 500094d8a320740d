// Package backfill runs the dates of a pipeline that have passed. It decides which runs
// are to be made and records them; admission starts them, behind all others (ADR 37).
package backfill

import (
	"fmt"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// State of a backfill.
type State string

// States of a backfill: CANCELLED and ENDED are final.
const (
	Running   State = "RUNNING"
	Paused    State = "PAUSED"
	Cancelled State = "CANCELLED"
	Ended     State = "ENDED"
)

// Limits.
const (
	MostRuns    = 5000 // of one backfill
	MostAtATime = 1000
)

// Values of Request.Only and Request.Order.
const (
	Missing = "missing" // dates without a run
	Failed  = "failed"  // dates whose run failed or was cancelled
	All     = "all"     // both; a date that has succeeded never runs again
	Asc     = "asc"
	Desc    = "desc"
)

// Request asks for a backfill.
type Request struct {
	Pipeline string            `dynamodbav:"pipeline" json:"pipeline"`
	From     time.Time         `dynamodbav:"from" json:"from"`
	To       time.Time         `dynamodbav:"to" json:"to"` // planned times, both included
	Only     string            `dynamodbav:"only" json:"only,omitempty"`
	Order    string            `dynamodbav:"order" json:"order,omitempty"`
	Every    pipeline.Duration `dynamodbav:"every,omitempty" json:"every,omitempty"` // dates from From on, instead of the schedules'
	Chunk    pipeline.Duration `dynamodbav:"chunk,omitempty" json:"chunk,omitempty"` // likewise, and each run is for as long
	Parallel int               `dynamodbav:"parallel" json:"parallel,omitempty"`
	MaxCost  float64           `dynamodbav:"maxCost,omitempty" json:"maxCost,omitempty"` // USD
	Params   map[string]string `dynamodbav:"params,omitempty" json:"params,omitempty"`
	By       string            `dynamodbav:"by,omitempty" json:"by,omitempty"`
	Of       string            `dynamodbav:"of,omitempty" json:"of,omitempty"` // backfill whose failed runs are retried
}

// Backfill is a request with its plan and progress.
type Backfill struct {
	ID        string    `dynamodbav:"sk" json:"id"`
	Request   Request   `dynamodbav:"request" json:"request"`
	State     State     `dynamodbav:"state" json:"state"`
	Reason    string    `dynamodbav:"reason,omitempty" json:"reason,omitempty"`
	CreatedAt time.Time `dynamodbav:"createdAt" json:"createdAt"`
	EndedAt   time.Time `dynamodbav:"endedAt,omitzero" json:"endedAt,omitzero"`
	Total     int       `dynamodbav:"total" json:"total"`
	Recorded  int       `dynamodbav:"recorded" json:"recorded"`   // of Children
	Settled   bool      `dynamodbav:"settled,omitempty" json:"-"` // no child is active

	Plan `dynamodbav:"-"` // an item of its own: lists of backfills do without
}

// Plan are the runs of a backfill.
type Plan struct {
	Schedules []calendar.Schedule `dynamodbav:"schedules" json:"-"` // that Children refer to
	Children  []Child             `dynamodbav:"children" json:"-"`  // in the order of their runs
}

// Final reports whether b has ended.
func (b Backfill) Final() bool { return b.State == Cancelled || b.State == Ended }

// Child is a run of a backfill: small, because thousands are stored in one item.
type Child struct {
	At       int64 `dynamodbav:"a"` // planned time, Unix seconds
	Schedule int   `dynamodbav:"s"` // in Schedules
	Value    int   `dynamodbav:"v"` // combination of the matrix
}

// Planned is the planned time of c.
func (c Child) Planned() time.Time { return time.Unix(c.At, 0).UTC() }

// Values are the params that identify the run of c: those of its schedule and its matrix.
func (b Backfill) Values(c Child) (map[string]string, error) {
	s := b.Schedules[c.Schedule]
	all, err := s.Matrix.Combinations(s.Params)
	if err != nil || c.Value >= len(all) {
		return nil, fmt.Errorf("backfill %s: value %d of schedule %s: %w", b.ID, c.Value, s, err)
	}
	return run.With(s.Params, all[c.Value]), nil
}

// RunID is the id of the run of c: that of the schedule's own for this planned time.
func (b Backfill) RunID(c Child) (string, error) {
	values, err := b.Values(c)
	return run.ID(b.Request.Pipeline, c.Planned(), run.OfDate(b.Request.Pipeline, c.Planned(), values)...), err
}
