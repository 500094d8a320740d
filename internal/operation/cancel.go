package operation

import (
	"cmp"
	"context"
	"log/slog"

	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/outcome"
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
// then it wakes the run if it waits. A run whose execution has not started is
// finished at once; if that fails, sweep finishes it.
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
	if rec.Run.Execution == "" {
		out, err := c.Finisher.Finish(ctx, outcome.FinishInput{RunID: in.RunID, Unstarted: true})
		if err != nil || out.State.Final() {
			return none, err
		}
	}
	return none, c.Waker.Wake(ctx, in.RunID, engine.View{})
}
