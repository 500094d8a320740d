package wait

import (
	"context"
	"log/slog"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
)

// Cancel asks that a run be cancelled.
type Cancel struct {
	RunID string `json:"runId"`
	Why   string `json:"why"`            // who asks, and why
	Kill  bool   `json:"kill,omitempty"` // do not ask its programs first
}

// Cancel ends a run on behalf of its owner. The wish is noted first, so that
// whoever deals with the run next heeds it; a run that waits is woken at once.
func (w *Watch) Cancel(ctx context.Context, in Cancel) error {
	rec, err := w.Waker.Runs.Load(ctx, in.RunID)
	if err != nil {
		return err
	}
	why := in.Why
	if why == "" {
		why = "cancelled by hand"
	}
	ok, err := w.Waker.Runs.RequestCancel(ctx, in.RunID, why, in.Kill)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.InvalidInput, "run %s is %s already", in.RunID, rec.Run.State)
	}
	slog.InfoContext(ctx, "run to be cancelled", "runId", in.RunID, "why", why, "kill", in.Kill)
	if rec.Run.State == run.Queued && rec.Run.Execution == "" {
		// Nobody holds it: there is no execution that could end it.
		o := run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: why}
		done, err := w.Waker.Runs.CancelQueued(ctx, in.RunID, o, time.Now())
		if err != nil {
			return err
		}
		if done { // should this fail, sweep tells it
			_, err := w.Finisher.Finish(ctx, outcome.FinishInput{RunID: in.RunID})
			return err
		}
	}
	return w.Waker.Wake(ctx, in.RunID, nil)
}
