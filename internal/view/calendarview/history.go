package calendarview

import (
	"context"
	"slices"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/run"
)

// history is what is recorded of planned times.
type history struct {
	byID   map[string]run.Run
	byTime map[time.Time]run.Run
	spans  []calendar.Skipped
}

func read(ctx context.Context, name string, q Query, runs Runs, skips Skips) (*history, error) {
	h := &history{byID: map[string]run.Run{}, byTime: map[time.Time]run.Run{}}
	err := runs.Dated(ctx, name, q.From, q.Until, func(r run.Run) error {
		h.byID[r.ID] = r
		if r.Trigger.Kind == run.BySchedule {
			h.byTime[r.LogicalTime.UTC()] = r
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	h.spans, err = skips.Skipped(ctx, name, q.From, q.Until)
	return h, err
}

// run is the run of a planned time: the one with its id or, if the schedule had other
// params then, another that a schedule has requested for it.
func (h *history) run(s calendar.Schedule, planned time.Time) (run.Run, bool) {
	if r, ok := h.byID[s.RunID(planned)]; ok {
		return r, true
	}
	r, ok := h.byTime[planned.UTC()]
	return r, ok && (r.Trigger.Schedule == "" || r.Trigger.Schedule == s.String())
}

// skipped says why a planned time was skipped.
func (h *history) skipped(s calendar.Schedule, planned time.Time) (string, bool) {
	i := slices.IndexFunc(h.spans, func(k calendar.Skipped) bool {
		return k.Schedule == s.String() && !planned.Before(k.First) && !planned.After(k.Last)
	})
	if i < 0 {
		return "", false
	}
	return h.spans[i].Reason, true
}
