package sweep

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"ephemr/events"
	"ephemr/internal/fault"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
)

// perSweep is how many executions a sweep describes. Step Functions allows a burst
// of 300 calls, and 15 a second after it:
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const perSweep = 200

// runs finishes those whose execution is over without their knowing, because it was
// stopped by hand, timed out or is gone, and those that should have ended long ago.
func (s *Sweeper) runs(ctx context.Context, out *Output) error {
	active, waits, err := s.active(ctx)
	errs := []error{err, s.expired(ctx, out)}
	left := perSweep
	for _, r := range inOrder(active, waits, time.Now()) {
		err := fault.Safely(func() error {
			switch {
			case late(r, time.Now()) != nil:
				return s.overdue(ctx, r, out)
			case left > 0:
				left--
				return s.run(ctx, r, out)
			}
			return nil
		})
		if fault.NameOf(err) == fault.Throttled {
			slog.InfoContext(ctx, "Step Functions throttled: deferring other runs to the next sweep", "runId", r.ID, "reason", err.Error())
			left, err = 0, nil
		}
		errs = append(errs, err) // the others are not affected
	}
	return errors.Join(errs...)
}

// active returns the runs that have an execution or are about to get one, and which
// of them wait with a task token.
func (s *Sweeper) active(ctx context.Context) (runs []run.Run, waits map[string]bool, _ error) {
	waits = map[string]bool{}
	errs := []error{s.Runs.Waiters(ctx, func(w run.Waiter) error {
		waits[w.RunID] = true
		if w.Kind == run.ForAdmission { // a manual execution's: QUEUED
			runs = append(runs, run.Run{ID: w.RunID, State: run.Queued, Execution: w.Execution})
		}
		return nil
	})}
	for _, state := range []run.State{run.Running, run.Admitted} {
		errs = append(errs, s.Runs.InState(ctx, state, func(r run.Run) error {
			runs = append(runs, r)
			return nil
		}))
	}
	return runs, waits, errors.Join(errs...)
}

// inOrder sorts the runs that no function may find first: those without a waiter or
// past their deadline. The rest come in another order at every sweep, so that in a
// few of them all are described.
func inOrder(runs []run.Run, waits map[string]bool, now time.Time) []run.Run {
	suspect := func(r run.Run) int {
		if waits[r.ID] && (r.Deadline.IsZero() || now.Before(r.Deadline)) {
			return 1
		}
		return 0
	}
	slices.SortFunc(runs, func(a, b run.Run) int {
		return cmp.Or(cmp.Compare(suspect(a), suspect(b)), cmp.Compare(run.Turn(a.ID, now), run.Turn(b.ID, now)))
	})
	return runs
}

func (s *Sweeper) run(ctx context.Context, r run.Run, out *Output) error {
	why, err := s.over(ctx, s.execution(r), r.Execution != "")
	if why == nil || err != nil {
		return err
	}
	// The index may lag behind: ask the table before calling it a repair.
	rec, err := s.Runs.Load(ctx, r.ID)
	if err != nil || rec.Run.State.Final() || rec.Run.Execution != r.Execution || rec.Run.Restarts != r.Restarts {
		return err
	}
	return s.finish(ctx, outcome.FinishInput{RunID: r.ID, Error: why}, out)
}

func (s *Sweeper) finish(ctx context.Context, in outcome.FinishInput, out *Output) error {
	got, err := s.Finisher.Finish(ctx, in)
	if err != nil || !got.State.Final() {
		return err
	}
	out.Repairs = append(out.Repairs, events.Repaired{What: "run-finished", RunID: in.RunID, Reason: in.Error.Cause})
	return nil
}

// unannounced announces the outcomes that were not: of runs that were cancelled
// while they were queued, and of those whose last function died. It ends those that
// control could not end.
func (s *Sweeper) unannounced(ctx context.Context, out *Output) error {
	due := func(r run.Run) bool {
		if r.State.Final() {
			return time.Since(r.EndedAt) >= time.Minute // else it is being announced right now
		}
		return late(r, time.Now()) != nil
	}
	each := func(visit func(run.Run) error) error {
		return s.Runs.Unannounced(ctx, func(r run.Run) error {
			if !due(r) {
				return nil
			}
			return visit(r)
		})
	}
	return some(each, func(r run.Run) error {
		if !r.State.Final() {
			return s.overdue(ctx, r, out)
		}
		_, err := s.Finisher.Finish(ctx, outcome.FinishInput{RunID: r.ID})
		return err
	})
}

// heads reads the heads of the queues, so that records that admission skips there are
// counted.
func (s *Sweeper) heads(ctx context.Context) error {
	teams, err := s.Runs.Teams(ctx)
	if err != nil {
		return err
	}
	for _, team := range teams {
		for _, err := range s.Runs.Queues(ctx, team) {
			if err != nil {
				return err
			}
		}
	}
	return nil
}
