package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
)

// lateBy is how long after its deadline, or after the request to cancel it, a run may
// still be ending. Then its execution is stopped: no function answers it any more.
const lateBy = 30 * time.Minute

// late says why a run should have ended by now, or nil. Its execution ends it, if it
// has one, with some time for its steps to stop and its cluster to be released.
func late(r run.Run, now time.Time) *outcome.StateError {
	grace := lateBy
	if r.State == run.Admitted && r.Execution == "" {
		grace = time.Minute // for the request to cancel it, which finishes it as well
	}
	switch {
	case r.Cancel != "" && !r.CancelAt.IsZero() && now.Sub(r.CancelAt) > grace:
		return &outcome.StateError{Error: string(fault.Cancelled), Cause: "run " + r.ID + " is cancelled: " + r.Cancel}
	case !r.Deadline.IsZero() && now.Sub(r.Deadline) > grace:
		return &outcome.StateError{
			Error: string(fault.Timeout), Cause: fmt.Sprintf("run %s is %s, and should have ended by %s", r.ID, r.State, r.Deadline.Format(time.RFC3339)),
		}
	}
	return nil
}

// overdue ends a run that is late: one whose execution was never started, or whose
// execution waits for an answer that no function gives.
func (s *Sweeper) overdue(ctx context.Context, r run.Run, out *Output) error {
	rec, err := s.Runs.Load(ctx, r.ID) // the index may lag behind
	if err != nil || rec.Run.State.Final() {
		return err
	}
	why := late(rec.Run, time.Now())
	if why == nil {
		return nil
	}
	if rec.Run.Execution == "" {
		return s.finish(ctx, outcome.FinishInput{RunID: r.ID, Error: why, Unstarted: true}, out)
	}
	if err := s.stop(ctx, rec.Run.Execution, *why); err != nil {
		return err
	}
	return s.finish(ctx, outcome.FinishInput{RunID: r.ID, Error: why}, out)
}

// expired ends the runs that have waited in the queue for too long.
func (s *Sweeper) expired(ctx context.Context, out *Output) error {
	var errs []error
	err := s.Runs.Expired(ctx, time.Now().Add(-run.MaxQueued), func(r run.Run) error {
		in := outcome.FinishInput{
			RunID: r.ID, Unstarted: r.Execution == "",
			Error: &outcome.StateError{Error: string(fault.Timeout), Cause: fmt.Sprintf("run %s was not admitted within %s", r.ID, run.MaxQueued)},
		}
		errs = append(errs, fault.Safely(func() error { return s.finish(ctx, in, out) })) // the others are not affected
		return nil
	})
	return errors.Join(append(errs, err)...)
}
