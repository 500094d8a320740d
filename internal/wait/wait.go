// Package wait answers the task tokens of runs that wait. A waiter is registered
// first and checked at once, so no change can be missed in between; afterwards
// the engine's events and the minute tick say when to check again. A check asks the
// engine's service only where the events that are recorded do not suffice.
//
// What answers a waiter, by its kind (Waker.Looks, filled in internal/control):
//
//	run.ForAdmission  admission.LookAdmitted
//	run.ForCluster    capacity.Looker.Look
//	run.ForSteps      step.Looker.Look
//	run.ForStop       step.Stopper.Look
//	run.ForObjects    hold.Objects.Look
//	run.ForApproval   hold.Approvals.Look
package wait

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/internal/cost"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// TokenAPI is the part of Step Functions that answers tokens.
type TokenAPI interface {
	SendTaskSuccess(context.Context, *sfn.SendTaskSuccessInput, ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error)
	SendTaskFailure(context.Context, *sfn.SendTaskFailureInput, ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error)
}

// Answer ends a wait: with an output for the state machine or with an error
// whose name it matches.
type Answer struct {
	Output any
	Err    error

	then func(context.Context)
}

// AndThen adds work to be done after the token is answered. It must handle its
// own failures, and may be nil. A nil answer stays nil.
func (a *Answer) AndThen(then func(context.Context)) *Answer {
	if a != nil {
		a.then = then
	}
	return a
}

// Look finds out whether what a run waits for has happened: nil means not yet.
// Called by Wake, from the function that registers the waiter and from watch.
type Look func(ctx context.Context, rec *run.Record, v engine.View) (*Answer, error)

// Waker answers waiters.
type Waker struct {
	Runs  *store.Runs
	SFN   TokenAPI
	Looks map[string]Look // by the waiter's kind
}

// Register writes w and looks at once. When the look is throttled the tick looks
// instead: failing would only register and look again, and cost more of the
// same budget.
func (k *Waker) Register(ctx context.Context, w run.Waiter, v engine.View) error {
	if err := k.Runs.Wait(ctx, w); err != nil {
		return err
	}
	return unlessThrottled(ctx, w.RunID, k.Wake(ctx, w.RunID, v))
}

// unlessThrottled drops err if the minute tick can try again.
func unlessThrottled(ctx context.Context, id string, err error) error {
	if fault.NameOf(err) != fault.Throttled {
		return err
	}
	slog.InfoContext(ctx, "engine throttled: check deferred to the next tick", "runId", id, "reason", err.Error())
	return nil
}

// Wake looks for run id and answers its waiter if there is something to say. A
// run that does not wait is left alone.
func (k *Waker) Wake(ctx context.Context, id string, v engine.View) error {
	rec, err := k.Runs.Load(ctx, id)
	if err != nil {
		return err
	}
	_, err = k.wake(ctx, rec, v)
	return err
}

// wake is Wake for a run that was just read. An event that came while the run waited
// for nothing is recorded only as such: then v is not enough.
func (k *Waker) wake(ctx context.Context, rec *run.Record, v engine.View) (answered bool, err error) {
	if rec.Waiter == nil {
		return false, nil
	}
	hinted := !rec.Run.HintedAt.IsZero()
	v.Noted = v.Noted && !hinted
	a, err := k.look(ctx, rec, v)
	if err == nil && a != nil {
		err = k.Answer(ctx, *rec.Waiter, *a)
	}
	if err == nil && hinted && v.Seen == nil { // what was seen may be older than the event
		err = k.Runs.Unhint(ctx, rec.Run)
	}
	return a != nil, err
}

// look returns what is to be said to rec's waiter, or nil.
func (k *Waker) look(ctx context.Context, rec *run.Record, v engine.View) (*Answer, error) {
	id, w := rec.Run.ID, *rec.Waiter
	look := k.Looks[w.Kind]
	if look == nil {
		return nil, fmt.Errorf("wake run %s: no handler for waiter kind %q", id, w.Kind)
	}
	if err := over(rec); err != nil && w.Kind != run.ForStop { // which is how it ends
		return &Answer{Err: err}, nil
	}
	if v.Seen != nil && v.Seen.ID != w.ClusterID {
		v.Seen = nil // the run has got other capacity since
	}
	answer, err := look(ctx, rec, v)
	switch {
	case err != nil:
		return nil, fmt.Errorf("wake run %s: %w", id, err)
	case answer == nil && time.Now().After(w.Deadline):
		return &Answer{Err: fault.New(fault.Timeout, "run %s waited for its %s until %s", id, w.Kind, w.Deadline.Format(time.RFC3339))}, nil
	}
	return answer, nil
}

// over returns why a run does not go on, or nil.
func over(rec *run.Record) error {
	if rec.Run.Cancel != "" && (rec.Run.CleanUp.IsZero() || rec.Run.Kill) {
		return fault.New(fault.Cancelled, "run %s is cancelled: %s", rec.Run.ID, rec.Run.Cancel)
	}
	if err := rec.Incomplete(); err != nil {
		return err
	}
	return cost.Over(rec, time.Now())
}

// Bound answers the waiter of run id if the run must end: without asking the engine.
func (k *Waker) Bound(ctx context.Context, id string) error {
	rec, err := k.Runs.Load(ctx, id)
	if err != nil || rec.Waiter == nil || rec.Waiter.Kind == run.ForStop {
		return err
	}
	if why := over(rec); why != nil {
		return k.Answer(ctx, *rec.Waiter, Answer{Err: why})
	}
	return nil
}

// Answer sends a to w's token and forgets the waiter. In this order: a token
// that is answered twice does no harm, one that is forgotten would.
func (k *Waker) Answer(ctx context.Context, w run.Waiter, a Answer) error {
	if err := k.send(ctx, w, a); err != nil && !stale(err) {
		return fmt.Errorf("answer %s waiter of run %s: %w", w.Kind, w.RunID, err)
	} else if err != nil {
		slog.InfoContext(ctx, "waiter was answered before", "runId", w.RunID, "kind", w.Kind)
	}
	err := k.Runs.Woken(ctx, w)
	if a.then != nil {
		a.then(ctx)
	}
	return err
}

func (k *Waker) send(ctx context.Context, w run.Waiter, a Answer) error {
	if a.Err != nil {
		slog.InfoContext(ctx, "answer waiter", "runId", w.RunID, "kind", w.Kind, "error", a.Err.Error())
		_, err := k.SFN.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{
			TaskToken: &w.Token, Error: aws.String(string(fault.NameOf(a.Err))), Cause: aws.String(a.Err.Error()),
		})
		return err
	}
	out, err := json.Marshal(a.Output)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	slog.InfoContext(ctx, "answer waiter", "runId", w.RunID, "kind", w.Kind, "output", string(out))
	_, err = k.SFN.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &w.Token, Output: aws.String(string(out))})
	return err
}

// stale says whether a token was answered already, has timed out or belongs to
// an execution that is over.
func stale(err error) bool {
	_, gone := errors.AsType[*types.TaskDoesNotExist](err)
	_, late := errors.AsType[*types.TaskTimedOut](err)
	_, invalid := errors.AsType[*types.InvalidToken](err)
	return gone || late || invalid
}
