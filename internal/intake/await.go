package intake

import (
	"context"
	"time"

	"ephemr/internal/admission"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// Awaiter is the AwaitAdmission state: a manual execution waits there until limits
// allow its run.
type Awaiter struct {
	Runs      *store.Runs
	Waker     *wait.Waker
	Admission *admission.Requester
}

// AwaitRequest is the payload of the AwaitAdmission state.
type AwaitRequest struct {
	Execution
	Token string `json:"token"`
}

// Await registers the execution's waiter, and then requests a pass of admission: a
// slot may have become free before.
func (a *Awaiter) Await(ctx context.Context, in AwaitRequest) (struct{}, error) {
	id := in.RunID()
	now := time.Now()
	rec, err := a.Runs.Load(ctx, id)
	if err != nil {
		return struct{}{}, err
	}
	// The input names a run: a token must not replace that of another execution.
	if !rec.Run.Owns(in.Execution.Execution) || rec.Run.State.Final() || rec.Run.State == run.Running {
		return struct{}{}, fault.New(fault.Conflict, "wait for admission: run %s is %s and does not belong to execution %s", id, rec.Run.State, in.Execution.Execution)
	}
	if err := a.Waker.Register(ctx, run.Waiter{
		RunID: id, Kind: run.ForAdmission, Token: in.Token, Execution: in.Execution.Execution,
		Since: now, Deadline: now.Add(6 * 24 * time.Hour),
	}, engine.View{}); err != nil {
		return struct{}{}, err
	}
	a.Admission.Request(ctx, id)
	return struct{}{}, nil
}
