package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ephemr/events"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// slots gives back those of runs that are over.
func (s *Sweeper) slots(ctx context.Context, out *Output) error {
	holders, err := s.Slots.All(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, holder := range holders {
		errs = append(errs, fault.Safely(func() error { return s.slot(ctx, holder, out) })) // the others are not affected
	}
	return errors.Join(errs...)
}

func (s *Sweeper) slot(ctx context.Context, holder string, out *Output) error {
	id, restarts := run.OfExecution(holder)
	rec, err := s.Runs.Load(ctx, id)
	why := "its run is not known"
	switch {
	case run.IsUnknown(err):
		rec = &run.Record{Run: run.Run{Pipeline: run.PipelineOf(id)}}
	case err != nil:
		return err
	default:
		if why = unused(rec.Run, restarts); why == "" {
			return nil
		}
	}
	if err := s.Slots.Release(ctx, holder, rec.Run); err != nil {
		return err
	}
	out.Repairs = append(out.Repairs, events.Repaired{What: "slot-released", RunID: id, Reason: why})
	return nil
}

// unused says why a run does not need the slot that it took after so many restarts,
// or "".
func unused(r run.Run, restarts int) string {
	switch {
	case restarts < r.Restarts && time.Since(r.RequestedAt) > time.Minute:
		return "its run has been restarted since"
	case r.State.Final() && time.Since(r.EndedAt) > time.Minute:
		return fmt.Sprintf("its run is %s", r.State)
	}
	return ""
}
