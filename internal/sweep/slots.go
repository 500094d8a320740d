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
	for _, id := range holders {
		rec, err := s.Runs.Load(ctx, id)
		if err != nil && !run.IsUnknown(err) {
			return err
		}
		why := "its run is not known"
		if err == nil {
			if !rec.Run.State.Final() || time.Since(rec.Run.EndedAt) < time.Minute {
				continue
			}
			why = fmt.Sprintf("its run is %s", rec.Run.State)
		} else {
			rec = &run.Record{Run: run.Run{Pipeline: run.PipelineOf(id)}}
		}
		if err := s.Slots.Release(ctx, id, rec.Run.TeamName(), rec.Run.Pipeline); err != nil {
			return err
		}
		out.Repairs = append(out.Repairs, events.Repaired{What: "slot-released", RunID: id, Reason: why})
	}
	return nil
}
