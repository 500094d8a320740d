// Package sweep repairs what no state machine can promise: runs whose execution
// is gone, slots that were not returned, outcomes that were not announced, and
// through the engines capacity that outlives its run. Each repair is a fault
// somewhere else, so it is reported as an event and counted.
//
// Tested here, by statemachines and by internal/proof/simulation.
package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"ephemr/events"
	"ephemr/internal/engine"
	"ephemr/internal/outcome"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Finisher records the outcome of a run whose execution cannot.
type Finisher interface {
	Finish(context.Context, outcome.FinishInput) (outcome.FinishOutput, error)
}

// MetricAPI counts repairs.
type MetricAPI interface {
	PutMetricData(context.Context, *cloudwatch.PutMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error)
}

// Slots is the room that runs hold.
type Slots interface {
	All(ctx context.Context) ([]string, error)
	Release(ctx context.Context, holder string, r run.Run) error
}

// Budgets reports what teams have spent.
type Budgets interface {
	Check(ctx context.Context, now time.Time) error
}

// Pipelines are the registered pipelines.
type Pipelines interface {
	Unreadable(ctx context.Context) ([]records.Unreadable, error)
}

// Sweeper is the sweep function.
type Sweeper struct {
	Settings  stage.Settings
	Runs      *store.Runs
	Pipelines Pipelines
	Engines   engine.Set
	SFN       ExecutionAPI
	Bus       outcome.BusAPI
	Finisher  Finisher
	Slots     Slots
	Metrics   MetricAPI
	Budgets   Budgets
}

// Output lists the repairs that were made.
type Output struct {
	Repairs []events.Repaired `json:"repairs"`
}

// Sweep repairs the run of an execution that has stopped, if the payload is such an
// event. Otherwise it repairs everything.
func (s *Sweeper) Sweep(ctx context.Context, payload json.RawMessage) (Output, error) {
	var e events.Envelope
	if err := json.Unmarshal(payload, &e); err == nil && e.DetailType == events.TypeExecution {
		return s.stopped(ctx, e)
	}
	return s.all(ctx)
}

// all repairs runs first and capacity afterwards: a run that it ends takes its
// capacity along.
func (s *Sweeper) all(ctx context.Context) (Output, error) {
	out := Output{Repairs: []events.Repaired{}}
	errs := []error{s.runs(ctx, &out), s.slots(ctx, &out), s.unannounced(ctx, &out), s.heads(ctx), s.Budgets.Check(ctx, time.Now())}
	var unended, unreadable int
	for _, e := range s.Engines.All() {
		swept, err := e.Sweep(ctx, out.ended)
		out.Repairs, errs = append(out.Repairs, swept.Repairs...), append(errs, err)
		unended, unreadable = unended+swept.Unended, unreadable+swept.Unreadable
	}
	skipped, err := s.Pipelines.Unreadable(ctx)
	errs = append(errs, err)
	unreadable += len(s.Runs.Skipped()) + len(skipped)
	return out, errors.Join(append(errs,
		s.metric(ctx, stage.RepairsMetric, len(out.Repairs)), s.metric(ctx, stage.UnendedMetric, unended), s.metric(ctx, stage.UnreadableMetric, unreadable),
		s.report(ctx, out.Repairs))...)
}

// ended reports whether this sweep has ended the run.
func (o *Output) ended(runID string) bool {
	return slices.ContainsFunc(o.Repairs, func(r events.Repaired) bool { return r.RunID == runID && r.What == "run-finished" })
}
