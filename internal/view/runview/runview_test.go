package runview_test

import (
	"context"
	"testing"
	"time"

	"ephemr/internal/run"
	"ephemr/internal/view/runview"
)

type listed []run.Run

func (l listed) List(_ context.Context, q run.Query) ([]run.Run, error) {
	var found []run.Run
	for _, r := range l {
		if r.State == q.State {
			found = append(found, r)
		}
	}
	return found, nil
}

// Runs of all states are merged; one that changed state between two calls is
// listed once.
func TestNewest(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	runs := listed{
		{ID: "old", State: run.Failed, RequestedAt: at},
		{ID: "moved", State: run.Running, RequestedAt: at.Add(time.Minute)},
		{ID: "moved", State: run.Succeeded, RequestedAt: at.Add(time.Minute)},
		{ID: "new", State: run.Queued, RequestedAt: at.Add(time.Hour)},
	}
	found, err := runview.Newest(t.Context(), runs, run.Query{Limit: 2})
	if err != nil || len(found) != 2 || found[0].ID != "new" || found[1].ID != "moved" || found[1].State != run.Succeeded {
		t.Errorf("got %+v, %v", found, err)
	}
}

// A job of an earlier start of the run does not count as its first step.
func TestFirstStep(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	rec := &run.Record{Run: run.Run{StartedAt: at}, Jobs: []run.Job{
		{Name: "kept", State: run.JobSucceeded, StartedAt: at.Add(-time.Hour), EndedAt: at.Add(-time.Minute)},
		{Name: "submitted", State: run.JobRunning, IntentAt: at.Add(2 * time.Second)},
		{Name: "later", State: run.JobRunning, StartedAt: at.Add(9 * time.Second)},
		{Name: "pending", State: run.JobPending},
	}}
	if got := runview.FirstStep(rec); !got.Equal(at.Add(2 * time.Second)) {
		t.Errorf("got %s", got)
	}
	if got := runview.FirstStep(&run.Record{}); !got.IsZero() {
		t.Errorf("got %s without jobs", got)
	}
}
