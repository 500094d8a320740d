package admission

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ephemr/internal/engine"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/wait"
)

// Admitter starts queued runs while the limits allow.
type Admitter struct {
	Settings stage.Settings
	Runs     *store.Runs
	Slots    *Slots
	SFN      StartAPI
	Waker    *wait.Waker // answers manual executions that wait for a slot
	Finisher Finisher    // of runs whose execution cannot be started
}

// Input starts a pass through the queues. RunIDs name new runs, because the index
// that the queues are read from is eventually consistent.
type Input struct {
	RunIDs []string `json:"runIds,omitempty"`
}

// Output lists what was done.
type Output struct {
	Admitted []string `json:"admitted"`
	Full     bool     `json:"full"`               // the stage's limit is reached
	Deferred bool     `json:"deferred,omitempty"` // to the invocation whose pass runs
}

// Admit starts the runs that the limits allow. A reached limit is not an error.
func (a *Admitter) Admit(ctx context.Context, in Input) (Output, error) {
	p := a.pass()
	if err := p.run(ctx, in.RunIDs); err != nil {
		return p.out, fmt.Errorf("admit runs: %w", err)
	}
	return p.out, nil
}

// One admits r if the limits allow it, and starts its execution or answers the
// manual execution that waits. It returns Full when a limit is reached, and false
// when r is no longer queued.
func (a *Admitter) One(ctx context.Context, r run.Run) (*Full, bool, error) {
	now := time.Now()
	deadline := now.Add(a.Settings.Limits.Deadline.Std())
	if r.MaxDuration > 0 {
		deadline = now.Add(r.MaxDuration)
	}
	write, err := a.Runs.AdmitWrite(r, now, deadline)
	if err != nil {
		return nil, false, err
	}
	full, ok, err := a.Slots.take(ctx, r.ExecutionName(), a.limits(r), write)
	if err != nil || !ok {
		return full, false, err
	}
	slog.InfoContext(ctx, "run admitted", "runId", r.ID)
	return nil, true, a.begin(ctx, r)
}

// limits are the limits that r counts against, that of the stage first.
func (a *Admitter) limits(r run.Run) []Limit { return LimitsOf(a.Settings.Limits, r) }

// own are the limits that r shares with runs of its pipeline only.
func (a *Admitter) own(r run.Run) []Limit { return a.limits(r)[shared:] }

// LookAdmitted answers a manual execution whose run has been admitted.
func LookAdmitted(_ context.Context, rec *run.Record, _ engine.View) (*wait.Answer, error) {
	if rec.Run.State == run.Queued {
		return nil, nil //nolint:nilnil // still queued
	}
	return &wait.Answer{Output: map[string]string{"runId": rec.Run.ID}}, nil
}
