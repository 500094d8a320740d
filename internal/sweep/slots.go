package sweep

import (
	"context"
	"fmt"
	"time"

	"ephemr/events"
	"ephemr/internal/run"
)

// slots gives back those of runs that are over.
func (s *Sweeper) slots(ctx context.Context, out *Output) error {
	holders, err := s.Slots.All(ctx)
	if err != nil {
		return err
	}
	for _, holder := range holders {
		id, restarts := run.OfExecution(holder)
		rec, err := s.Runs.Load(ctx, id)
		if err != nil && !run.IsUnknown(err) {
			return err
		}
		why := "its run is not known"
		if err == nil {
			if why = unused(rec.Run, restarts); why == "" {
				continue
			}
		} else {
			rec = &run.Record{Run: run.Run{Pipeline: run.PipelineOf(id)}}
		}
		if err := s.Slots.Release(ctx, holder, rec.Run.TeamName(), rec.Run.Pipeline); err != nil {
			return err
		}
		out.Repairs = append(out.Repairs, events.Repaired{What: "slot-released", RunID: id, Reason: why})
	}
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
