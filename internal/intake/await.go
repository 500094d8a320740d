package intake

import (
	"context"
	"time"

	"ephemr/internal/admission"
	"ephemr/internal/run"
)

// Awaiter is the AwaitAdmission state: a hand-started execution waits there until
// limits allow its run.
type Awaiter struct {
	Admission *admission.Admitter
}

// AwaitRequest is the payload of the AwaitAdmission state.
type AwaitRequest struct {
	Execution
	Token string `json:"token"`
}

// Await registers the execution's waiter, and then admits its run if limits allow
// by now.
func (a *Awaiter) Await(ctx context.Context, in AwaitRequest) (struct{}, error) {
	id := in.RunID()
	now := time.Now()
	if err := a.Admission.Waker.Register(ctx, run.Waiter{
		RunID: id, Kind: run.ForAdmission, Token: in.Token, Execution: in.Execution.Execution,
		Since: now, Deadline: now.Add(6 * 24 * time.Hour),
	}); err != nil {
		return struct{}{}, err
	}
	_, err := a.Admission.Admit(ctx, admission.Input{RunIDs: []string{id}})
	return struct{}{}, err
}
