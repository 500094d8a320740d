package store_test

import (
	"testing"
	"time"

	"ephemr/internal/run"
)

// The runs before another are counted in all queues of its team: by priority and age, and
// those of backfills last.
func TestAhead(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	all := map[string]run.Run{}
	for _, r := range []run.Run{
		{ID: "urgent", Pipeline: "two", Priority: 9, RequestedAt: at.Add(5 * time.Second)},
		{ID: "first", Pipeline: "one", RequestedAt: at},
		{ID: "second", Pipeline: "two", RequestedAt: at.Add(time.Second)},
		{ID: "third", Pipeline: "one", RequestedAt: at.Add(2 * time.Second)},
		{ID: "value", Pipeline: "one", RequestedAt: at.Add(3 * time.Second), Matrix: map[string]string{"c": "pt"}, MaxPerValue: 1},
		{ID: "other", Pipeline: "one", Team: "other", RequestedAt: at},
	} {
		r.State, all[r.ID] = run.Queued, r
		if _, _, err := s.Create(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
	}
	all["backfilled"] = run.Run{ID: "backfilled", Pipeline: "one", Backfill: "b", RequestedAt: at.Add(-time.Hour), State: run.Queued}
	for id, want := range map[string]int{"urgent": 0, "first": 1, "second": 2, "third": 3, "value": 4, "other": 0, "backfilled": 5} {
		if got, err := s.Ahead(t.Context(), all[id], 1000); err != nil || got != want {
			t.Errorf("%s: %d before it, %v; want %d", id, got, err, want)
		}
	}
	if got, err := s.Ahead(t.Context(), all["value"], 2); err != nil || got != 2 {
		t.Errorf("counted %d, %v; want no more than 2", got, err)
	}
}
