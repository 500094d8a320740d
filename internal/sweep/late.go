package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
)

// lateBy is how long after its deadline, after the request to cancel it, or after its
// clean-up, a run may still be ending. Then its execution is stopped: no function answers it any more.
const lateBy = 30 * time.Minute

// late says why a run should have ended by now, or nil. Its execution ends it, if it
// has one, with some time for its steps to stop and its cluster to be released.
func late(r run.Run, now time.Time) *outcome.StateError {
	grace := lateBy
	if r.State != run.Running && r.Execution == "" {
		grace = time.Minute // for the request to cancel it, which finishes it as well
	}
	switch {
	case now.Sub(r.CleanUp) <= grace:
		return nil
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

// mostEnded is how many runs a sweep ends that have waited for too long, or announces,
// and for how many it may fail to: the next continues.
const mostEnded = 200

// mostRead is how many runs a sweep chooses those from.
const mostRead = 4 * mostEnded

// errEnough ends a list early.
var errEnough = errors.New("enough")

// some ends at most mostEnded of the first runs that each visits, in another order at
// every sweep: those that always fail do not keep it from the others.
func some(each func(visit func(run.Run) error) error, end func(run.Run) error) error {
	var few []run.Run
	err := each(func(r run.Run) error {
		if few = append(few, r); len(few) == mostRead {
			return errEnough
		}
		return nil
	})
	var errs []error
	if !errors.Is(err, errEnough) {
		errs = append(errs, err)
	}
	now := time.Now()
	slices.SortFunc(few, func(a, b run.Run) int { return cmp.Compare(run.Turn(a.ID, now), run.Turn(b.ID, now)) })
	ended, failed := 0, 0
	for _, r := range few {
		if ended == mostEnded || failed == mostEnded {
			break
		}
		if err := fault.Safely(func() error { return end(r) }); err != nil {
			failed++
			errs = append(errs, err)
		} else {
			ended++
		}
	}
	return errors.Join(errs...)
}

// expired ends runs that have waited in the queue for too long.
func (s *Sweeper) expired(ctx context.Context, out *Output) error {
	before := time.Now().Add(-run.MaxQueued)
	return some(func(visit func(run.Run) error) error { return s.Runs.Expired(ctx, before, visit) }, func(r run.Run) error {
		return s.finish(ctx, outcome.FinishInput{
			RunID: r.ID, Unstarted: r.Execution == "",
			Error: &outcome.StateError{Error: string(fault.Timeout), Cause: fmt.Sprintf("run %s was not admitted within %s", r.ID, run.MaxQueued)},
		}, out)
	})
}
