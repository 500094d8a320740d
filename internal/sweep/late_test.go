package sweep_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// docs/architecture.md lists the states of a run that are tested here.

func cancel(t *testing.T, w *simulation.World, id string) {
	t.Helper()
	payload, err := json.Marshal(map[string]string{"op": "cancel", "runId": id, "why": "enough"})
	if err == nil {
		_, err = w.Invoke("control", payload)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// unstartable makes Step Functions refuse every execution for a reason that may pass.
func unstartable(w *simulation.World) {
	gone := &sfntypes.StateMachineDoesNotExist{Message: new("State Machine Does Not Exist")}
	w.SFN.FailNext("StartExecution", slices.Repeat([]error{gone}, 100_000)...)
}

// forgetWaiter removes the token that a run waits with: nothing answers it any more.
func forgetWaiter(t *testing.T, w *simulation.World, id string) {
	t.Helper()
	if w.Record(id).Waiter == nil {
		t.Fatalf("run %s does not wait", id)
	}
	if _, err := w.DB.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: &w.Settings.RunsTable, Key: records.WaiterKey(id).Attributes(),
	}); err != nil {
		t.Fatal(err)
	}
}

// Every state of a run that is not final has a way out: its deadline and a request
// to cancel it, also when the function that should see them is gone.
func TestEveryStateHasAWayOut(t *testing.T) {
	t.Parallel()
	hour := simulation.Step{Takes: 5 * time.Hour}
	for _, tt := range []struct {
		name   string
		before func(w *simulation.World)
		during func(t *testing.T, w *simulation.World, id string)
		state  run.State
		cancel bool
		within time.Duration
		want   job.Class
	}{
		{name: "queued, cancelled", state: run.Queued, cancel: true, within: time.Second, want: job.ClassCancelled},
		{name: "admitted, cancelled", before: unstartable, state: run.Admitted, cancel: true, within: time.Second, want: job.ClassCancelled},
		{name: "admitted, past its deadline", before: unstartable, state: run.Admitted, within: 2*time.Hour + 10*time.Minute, want: job.ClassTimeout},
		{name: "running, cancelled", state: run.Running, cancel: true, within: 5 * time.Minute, want: job.ClassCancelled},
		{name: "running, past its deadline", state: run.Running, within: 2*time.Hour + 10*time.Minute, want: job.ClassTimeout},
		{name: "running without its waiter, cancelled", during: forgetWaiter, state: run.Running, cancel: true, within: 40 * time.Minute, want: job.ClassCancelled},
		{name: "running without its waiter, past its deadline", during: forgetWaiter, state: run.Running, within: 2*time.Hour + 40*time.Minute, want: job.ClassTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := simulation.Config{
				Steps: func(simulation.Attempt) simulation.Step { return hour },
				Settings: func(s *stage.Settings) {
					if tt.state == run.Queued {
						s.Limits.MaxActive = 0
					}
				},
			}
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(c)
				defer w.Close()
				if tt.before != nil {
					tt.before(w)
				}
				w.Apply(one)
				w.Upload("in/a.csv")
				time.Sleep(10 * time.Minute)
				id := w.RunIDs()[0]
				if got := w.Record(id).Run.State; got != tt.state {
					t.Fatalf("the run is %s", got)
				}
				if tt.during != nil {
					tt.during(t, w, id)
				}
				if tt.cancel {
					cancel(t, w, id)
				}
				time.Sleep(tt.within)
				r := w.Record(id).Run
				if !r.State.Final() || r.Class != tt.want || r.Reason == "" {
					t.Errorf("the run is %s, class %q: %s", r.State, r.Class, r.Reason)
				}
				time.Sleep(30 * time.Minute)
				if left := w.Left(); len(left) > 0 {
					t.Errorf("left: %q", left)
				}
			})
		})
	}
}

// A run that was queued for too long ends, whatever its priority, and not before.
func TestQueueLimit(t *testing.T) {
	t.Parallel()
	c := simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) { s.Limits.MaxActive = 0 }}
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(c)
		defer w.Close()
		w.Apply(one)
		for _, priority := range []int{0, 5, 9} {
			w.Request(events.Request{RequestID: strings.Repeat("r", priority+1), Pipeline: "one", Priority: &priority})
		}
		time.Sleep(run.MaxQueued - time.Hour)
		if got := swept(t, w); len(got) > 0 {
			t.Errorf("swept early: %q", got)
		}
		time.Sleep(2 * time.Hour)
		if got := swept(t, w); len(got) != 3 {
			t.Errorf("swept %q, want three runs", got)
		}
		for _, id := range w.RunIDs() {
			if r := w.Record(id).Run; r.State != run.Failed || r.Class != job.ClassTimeout {
				t.Errorf("a run is %s, class %s", r.State, r.Class)
			}
		}
	})
}
