package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ephemr/events"
	"ephemr/internal/intake"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// stopped repairs the run of an execution that was stopped, failed or timed out, if
// the execution could not end the run itself. The event only says where to look:
// nothing is done unless Step Functions confirms it.
func (s *Sweeper) stopped(ctx context.Context, e events.Envelope) (Output, error) {
	out := Output{Repairs: []events.Repaired{}}
	var detail events.ExecutionStatus
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return out, fmt.Errorf("read event %q: %w", e.DetailType, err)
	}
	x := intake.Execution{
		Execution: detail.ExecutionARN, Name: detail.Name, StartedAt: time.UnixMilli(detail.StartDate).UTC(), Input: json.RawMessage(detail.Input),
	}
	rec, err := s.Runs.Load(ctx, x.RunID())
	if run.IsUnknown(err) || err == nil && (rec.Run.State.Final() || s.execution(rec.Run) != detail.ExecutionARN) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	err = s.end(ctx, rec, &out)
	return out, errors.Join(err, s.metric(ctx, stage.RepairsMetric, len(out.Repairs)), s.report(ctx, out.Repairs))
}

// end does what the last states of rec's execution would have done.
func (s *Sweeper) end(ctx context.Context, rec *run.Record, out *Output) error {
	why, err := s.over(ctx, s.execution(rec.Run), rec.Run.Execution != "")
	if why == nil || err != nil {
		return err
	}
	// Before the run is finished, as in the state machine: afterwards no job is
	// recorded as running.
	ended, err := s.release(ctx, rec)
	if err != nil {
		slog.WarnContext(ctx, "deferring release of the run's clusters to the next sweep", "runId", rec.Run.ID, "reason", err.Error())
	}
	if _, err := s.Finisher.Finish(ctx, outcome.FinishInput{RunID: rec.Run.ID, Error: why}); err != nil {
		return err
	}
	out.Repairs = append(out.Repairs, events.Repaired{What: "run-finished", RunID: rec.Run.ID, Reason: why.Cause})
	for _, id := range ended {
		out.Repairs = append(out.Repairs, events.Repaired{What: "cluster-terminated", RunID: rec.Run.ID, ClusterID: id, Reason: why.Cause})
	}
	return nil
}

// release terminates the run's clusters and returns their ids. On a cluster that other
// runs share it interrupts the run's steps; a sweep takes the lease back when they
// have ended.
func (s *Sweeper) release(ctx context.Context, rec *run.Record) (ended []string, _ error) {
	e, c := s.Engines.Of(rec), rec.Cluster()
	if c != nil && c.Shared() {
		return nil, e.Stop(ctx, rec, false)
	}
	released, err := e.Release(ctx, rec)
	if err != nil {
		return nil, err
	}
	return released.Ended, nil
}
