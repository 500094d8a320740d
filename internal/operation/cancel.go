package operation

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// CancelRequest cancels a run.
type CancelRequest struct {
	RunID string `json:"runId"`
	Why   string `json:"why,omitempty"`  // the reason for the record, with the caller's name
	Kill  bool   `json:"kill,omitempty"` // SIGKILL without SIGTERM
}

// Finisher records the outcome of a run that has no execution.
type Finisher interface {
	Finish(ctx context.Context, in outcome.FinishInput) (outcome.FinishOutput, error)
}

// Canceller cancels runs.
type Canceller struct {
	Runs     *store.Runs
	Waker    *wait.Waker
	Finisher Finisher
}

// Cancel records the request first, so that every later step of the run sees it;
// then it wakes the run if it waits. A queued run without an execution is
// finished at once.
func (c *Canceller) Cancel(ctx context.Context, in CancelRequest) (struct{}, error) {
	var none struct{}
	rec, err := c.Runs.Load(ctx, in.RunID)
	if err != nil {
		return none, err
	}
	why := cmp.Or(in.Why, "cancelled by hand")
	ok, err := c.Runs.RequestCancel(ctx, in.RunID, why, in.Kill)
	if err != nil {
		return none, err
	}
	if !ok {
		return none, fault.New(fault.InvalidInput, "run %s is %s already", in.RunID, rec.Run.State)
	}
	slog.InfoContext(ctx, "cancel requested", "runId", in.RunID, "why", why, "kill", in.Kill)
	if rec.Run.State == run.Queued && rec.Run.Execution == "" {
		o := run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: why}
		done, err := c.Runs.CancelQueued(ctx, in.RunID, o, time.Now())
		if err != nil {
			return none, err
		}
		if done { // if this fails, sweep announces it
			_, err := c.Finisher.Finish(ctx, outcome.FinishInput{RunID: in.RunID})
			return none, err
		}
	}
	return none, c.Waker.Wake(ctx, in.RunID, nil)
}
