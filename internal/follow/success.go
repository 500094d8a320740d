// Package follow decides which runs of other pipelines the success of a run requests. It
// keeps the successes of each pipeline, because what a pipeline waits for may have
// succeeded long before the last of it does, and because the indexes of runs are
// eventually consistent (ADR 40).
package follow

import (
	"cmp"
	"time"

	"ephemr/internal/run"
)

// Success is what is kept of a run that has succeeded.
type Success struct {
	Pipeline      string            `dynamodbav:"pipeline"`
	RunID         string            `dynamodbav:"runId"`
	Kind          string            `dynamodbav:"kind"` // of its trigger
	LogicalTime   time.Time         `dynamodbav:"logicalTime"`
	LogicalDate   string            `dynamodbav:"logicalDate"`
	Timezone      string            `dynamodbav:"timezone"`
	IntervalStart time.Time         `dynamodbav:"intervalStart"`
	IntervalEnd   time.Time         `dynamodbav:"intervalEnd"`
	Params        map[string]string `dynamodbav:"params,omitempty"`
	EndedAt       time.Time         `dynamodbav:"endedAt"`
}

// Of is the success of a run, and false if there is none that others may wait for.
func Of(r run.Run) (Success, bool) {
	o := r.Occasion()
	return Success{
		Pipeline: r.Pipeline, RunID: r.ID, Kind: r.Trigger.Kind, LogicalTime: r.LogicalTime.UTC(), LogicalDate: o.Date, Timezone: cmp.Or(o.Zone, "UTC"),
		IntervalStart: o.Interval.Start.UTC(), IntervalEnd: o.Interval.End.UTC(), Params: r.Params, EndedAt: r.EndedAt.UTC(),
	}, r.State == run.Succeeded && r.Version > 0
}

// has reports whether s has these values of params.
func (s Success) has(values map[string]string) bool {
	for name, v := range values {
		if s.Params[name] != v {
			return false
		}
	}
	return true
}

// ofDate reports whether s is of a run that a person has requested for a whole date.
func (s Success) ofDate() bool {
	return (s.Kind == run.ByRequest || s.Kind == run.ByManual) && s.LogicalTime.Format(time.RFC3339) == s.LogicalDate+"T00:00:00Z"
}
