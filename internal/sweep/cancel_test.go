package sweep_test

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// A run whose cancellation was interrupted after its request was recorded is never
// admitted, and ends with the next sweep.
func TestCancelIsInterrupted(t *testing.T) {
	t.Parallel()
	denied := awsfake.Denied("states:StartExecution")
	for name, tt := range map[string]struct {
		before func(w *simulation.World) // the run is requested
		state  run.State
	}{
		"queued":   {func(w *simulation.World) { w.Upload("in/first.csv"); synctest.Wait() }, run.Queued},
		"admitted": {func(w *simulation.World) { w.SFN.FailNext("StartExecution", denied) }, run.Admitted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) { s.Limits.MaxActive = 1 }}
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(c)
				defer w.Close()
				w.Apply(one)
				tt.before(w)
				w.Upload("in/second.csv")
				synctest.Wait()
				id := byKey(t, w, "in/second.csv")
				if got := w.Record(id).Run.State; got != tt.state {
					t.Fatalf("the run is %s", got)
				}
				interrupted(t, w, id)
				time.Sleep(time.Hour) // the slot is free by now
				notAdmitted(t, w, id, tt.state)
				if got := swept(t, w); len(got) != 1 {
					t.Errorf("swept %q, want one run", got)
				}
				if r := w.Record(id).Run; r.State != run.Cancelled || r.Class != job.ClassCancelled || r.Reason != "enough" || !r.Announced {
					t.Errorf("the run is %s, class %q: %s", r.State, r.Class, r.Reason)
				}
				if left := w.Left(); len(left) > 0 {
					t.Errorf("left: %q", left)
				}
			})
		})
	}
}

// notAdmitted invokes admission and checks that the run stays in its state.
func notAdmitted(t *testing.T, w *simulation.World, id string, state run.State) {
	t.Helper()
	for range 2 {
		if _, err := w.Invoke("admit", json.RawMessage(`{"runIds":["`+id+`"]}`)); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Wait()
	if got := w.Record(id).Run; got.State != state || got.Execution != "" {
		t.Errorf("the run is %s although it is to be cancelled", got.State)
	}
}

// interrupted cancels a run with a function that fails after the request is recorded.
func interrupted(t *testing.T, w *simulation.World, id string) {
	t.Helper()
	requested := false
	w.DB.Use(&awsfake.Hooks{Before: func(op string) error {
		if op == "DynamoDB:UpdateItem" && w.Record(id).Run.Cancel != "" {
			requested = true
			return errors.New("reset")
		}
		return nil
	}})
	payload := json.RawMessage(`{"op":"cancel","runId":"` + id + `","why":"enough"}`)
	if _, err := w.Invoke("control", payload); err == nil || !requested {
		t.Fatalf("cancelled without an error: %v", err)
	}
	w.DB.Use(nil)
}

func byKey(t *testing.T, w *simulation.World, key string) string {
	t.Helper()
	for _, id := range w.RunIDs() {
		if w.Record(id).Run.Trigger.Key == key {
			return id
		}
	}
	t.Fatalf("no run of %s", key)
	return ""
}
