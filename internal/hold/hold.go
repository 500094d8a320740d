// Package hold has the states in which a run waits for something outside of it:
// AwaitObjects, until objects exist, and AwaitApproval, until a person has decided.
//
// Tested here, by statemachines and by internal/proof/simulation.
package hold

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/decide"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/notify"
	"ephemr/internal/outbox"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/wait"
)

// Holder is the function of these states.
type Holder struct {
	Settings stage.Settings
	Runs     *store.Runs
	Waker    *wait.Waker
	Notices  *outbox.Store
}

// Input is the payload of these states.
type Input struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
	Token     string `json:"token"`
	For       string `json:"for"` // the kind of the waiter
}

// Hold registers the token of a run and looks once. The run's deadline does not go on
// while it waits.
func (h *Holder) Hold(ctx context.Context, in Input) (struct{}, error) {
	began := time.Now()
	rec, err := h.Runs.Load(ctx, in.RunID)
	if err != nil {
		return struct{}{}, err
	}
	if err := rec.Refuse(in.Execution); err != nil {
		return struct{}{}, fmt.Errorf("wait for %s: %w", in.For, err)
	}
	until, err := until(rec, in.For, began)
	if err != nil {
		return struct{}{}, err
	}
	kept := in.For == run.ForApproval && decide.Kept(rec) // then the deadline goes on
	w, err := h.waiter(rec, in, began, until, kept)
	if err != nil {
		return struct{}{}, err
	}
	if err := h.Runs.Wait(ctx, w); err != nil {
		return struct{}{}, err
	}
	if !kept {
		if err := h.Runs.MoveDeadline(ctx, rec.Run, until.Add(w.Remaining)); err != nil {
			return struct{}{}, err
		}
	}
	if err := h.sendNotices(ctx, rec, in.For); err != nil {
		return struct{}{}, err
	}
	err = h.Waker.Wake(ctx, in.RunID, engine.View{})
	if fault.NameOf(err) == fault.Throttled {
		err = nil // the tick checks again
	}
	return struct{}{}, err
}

// waiter returns what is recorded of a run that waits from began to until. A run that has
// kept its cluster waits no longer than its deadline, which is not moved.
func (h *Holder) waiter(rec *run.Record, in Input, began, until time.Time, kept bool) (run.Waiter, error) {
	objects, err := rec.Spec.RenderWaitFor(rec.Context(h.Settings))
	if err != nil {
		return run.Waiter{}, fault.New(fault.InvalidInput, "%w", err)
	}
	w := run.Waiter{
		RunID: in.RunID, Kind: in.For, Token: in.Token, Execution: in.Execution, Since: began, Deadline: until, Limited: rec.Limited(),
		Remaining: rec.Run.Deadline.Sub(began), Objects: objects,
	}
	if kept {
		w.Deadline, w.Remaining = rec.Run.Deadline, 0
	}
	if before := rec.Waiter; before != nil && before.Kind == w.Kind && before.Execution == w.Execution {
		w.Remaining = before.Remaining // the deadline may have been moved already
	}
	return w, nil
}

// afterwards is how long after its time a decision is recorded as missing at the latest.
const afterwards = 5 * time.Minute

// sendNotices posts a notice of each job that waits for a person. If this function is
// repeated after it was sent, it is sent again.
func (h *Holder) sendNotices(ctx context.Context, rec *run.Record, kind string) error {
	if kind != run.ForApproval {
		return nil
	}
	for _, j := range decide.Awaiting(rec) {
		id := fmt.Sprintf("%s#%d#%s", rec.Run.ID, rec.Run.Restarts, j.Name)
		if err := h.Notices.Put(ctx, notify.OfApproval(rec, h.Settings.Stage, *j), id); err != nil {
			return err
		}
	}
	return nil
}

// until is how long the run waits at most.
func until(rec *run.Record, kind string, now time.Time) (time.Time, error) {
	if w := rec.Spec.WaitFor; kind == run.ForObjects && w != nil {
		return now.Add(w.Timeout.Std()), nil
	}
	if kind == run.ForApproval {
		last := now
		for _, j := range decide.Awaiting(rec) {
			if j.Approval.Until.After(last) {
				last = j.Approval.Until
			}
		}
		return last.Add(afterwards), nil
	}
	return now, fault.New(fault.Internal, "run %s does not wait for %s", rec.Run.ID, kind)
}

// resumed gives the run the time that it had left when it began to wait.
func resumed(ctx context.Context, runs *store.Runs, rec *run.Record) error {
	return runs.MoveDeadline(ctx, rec.Run, time.Now().Add(rec.Waiter.Remaining))
}
