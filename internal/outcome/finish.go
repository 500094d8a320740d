// Package outcome decides how a run ended, records it, settles what the run leaves
// open and announces the end. Tested here, by statemachines and by
// internal/proof/simulation.
package outcome

import (
	"context"
	"errors"
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/fault"
	"ephemr/internal/outbox"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Slots releases the slots that a run was admitted with.
type Slots interface {
	Release(ctx context.Context, holder string, r run.Run) error
}

// Lineage describes runs for other systems.
type Lineage interface {
	Write(ctx context.Context, runID string) error
}

// Finisher is the FinishRun state. It decides and records the outcome, settles
// what the run leaves open and announces the end.
type Finisher struct {
	Settings stage.Settings
	Runs     *store.Runs
	Slots    Slots
	Bus      BusAPI
	Notices  *outbox.Store
	Lineage  Lineage

	// Publications settles what a run was publishing; nil where only runs that have not
	// started end.
	Publications Publications
}

// Publications finds out whether a publication that was begun has taken effect.
type Publications interface {
	Settle(ctx context.Context, rec *run.Record) (*run.Record, error)
}

// FinishInput names the run and the error that stopped the state machine, if any.
type FinishInput struct {
	RunID     string
	Execution string // ARN of the caller; "" = cancel or sweep, for a run whose execution cannot finish it
	Error     *StateError
	Unstarted bool // only if the run's execution has not started
}

// FinishOutput is the outcome as the state machine reports it.
type FinishOutput struct {
	RunID string `json:"runId"`
	run.Outcome
}

// Finish ends a run. It is idempotent: a second call reports the outcome that is
// recorded and continues where the first was interrupted. The outcome has no state
// if the run goes on, because its execution has started.
func (f *Finisher) Finish(ctx context.Context, in FinishInput) (FinishOutput, error) {
	out := FinishOutput{RunID: in.RunID}
	rec, err := f.load(ctx, in)
	if err != nil {
		return out, err
	}
	if !rec.Run.State.Final() {
		rec, err = f.record(ctx, rec, in)
		if err != nil {
			return out, err
		}
	}
	if !rec.Run.State.Final() {
		return out, nil // Unstarted, and it has started since
	}
	out.Outcome = run.Outcome{State: rec.Run.State, Class: rec.Run.Class, Reason: rec.Run.Reason, Cause: rec.Run.Cause, NothingToDo: rec.Run.NothingToDo}
	return out, f.settle(ctx, rec)
}

// load reads the run and checks that the caller may finish it.
func (f *Finisher) load(ctx context.Context, in FinishInput) (*run.Record, error) {
	rec, err := f.Runs.Load(ctx, in.RunID)
	if err != nil {
		return nil, err
	}
	if r := rec.Run; r.State != run.Rejected && in.Execution != "" && !r.Owns(in.Execution) {
		return nil, fault.New(fault.Conflict, "finish run %s: it is %s and does not belong to execution %s", r.ID, r.State, in.Execution)
	}
	return rec, nil
}

// record decides the outcome and writes it, unless another invocation has
// written one since rec was read. It returns the run with the outcome that is
// recorded.
func (f *Finisher) record(ctx context.Context, rec *run.Record, in FinishInput) (*run.Record, error) {
	rec, err := f.settlePublication(ctx, rec)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	o := OfRun(rec, in.Error)
	o.Unpublished = f.unpublished(rec, o)
	spent := cost.OfRun(rec, now)
	ok, err := f.write(ctx, rec.Run, o, now, spent, in.Unstarted)
	if err != nil {
		return nil, err
	}
	if ok {
		rec.Run.State, rec.Run.Class, rec.Run.Reason, rec.Run.NothingToDo = o.State, o.Class, o.Reason, o.NothingToDo
		rec.Run.Cause = o.Cause
		rec.Run.EndedAt, rec.Run.CostUSD, rec.Run.Cost = now, spent.USD(), &spent
		if o.Unpublished != nil {
			rec.Run.Publication = o.Unpublished
		}
		return rec, nil
	}
	rec, err = f.load(ctx, in)
	if err == nil && !rec.Run.State.Final() && !in.Unstarted {
		err = fault.New(fault.Throttled, "finish run %s: it has changed at the same moment", in.RunID)
	}
	return rec, err
}

func (f *Finisher) write(ctx context.Context, r run.Run, o run.Outcome, now time.Time, spent run.Cost, unstarted bool) (bool, error) {
	if unstarted {
		return f.Runs.FinishUnstarted(ctx, r, o, now)
	}
	return f.Runs.Finish(ctx, r, o, now, spent)
}

// settle closes what the run leaves open and announces its end, each unless it
// has been done: a retry may have the jobs and slots afterwards.
func (f *Finisher) settle(ctx context.Context, rec *run.Record) error {
	if rec.Run.Announced || rec.Run.State == run.Rejected {
		return nil
	}
	if !rec.Run.Cleared {
		if err := f.clear(ctx, rec); err != nil {
			return err
		}
	}
	if _, ok := f.Settings.Costs.Budgets[run.TeamOf(rec.Run)]; ok {
		if err := f.Runs.Book(ctx, rec.Run); err != nil {
			return err
		}
	}
	if err := f.report(ctx, rec); err != nil {
		return err
	}
	if !rec.Run.StartedAt.IsZero() { // before the run can be retried, and is done with
		if err := f.Lineage.Write(ctx, rec.Run.ID); err != nil {
			return err
		}
	}
	if err := f.announce(ctx, rec); err != nil {
		return errors.Join(err, f.Runs.Cleared(ctx, rec.Run))
	}
	return f.Runs.Announced(ctx, rec.Run)
}

// clear closes the run's open jobs and its waiter, and releases its slots.
func (f *Finisher) clear(ctx context.Context, rec *run.Record) error {
	if err := closeJobs(ctx, f.Runs, rec); err != nil {
		return err
	}
	if rec.Waiter != nil { // of a state that was stopped or timed out
		if err := f.Runs.Woken(ctx, *rec.Waiter); err != nil {
			return err
		}
	}
	return f.Slots.Release(ctx, rec.Run.ExecutionName(), rec.Run)
}
