package admission_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// A run whose execution Step Functions never accepts ends with the reason, gives its
// slots back and does not delay the others.
func TestExecutionThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{
		"name":       &types.InvalidName{Message: new("Invalid Name")},
		"input":      &types.InvalidExecutionInput{Message: new("Invalid Input")},
		"validation": &smithy.GenericAPIError{Code: "ValidationException", Message: "too long", Fault: smithy.FaultClient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, 1, 1, func(t *testing.T, w *simulation.World) {
				w.SFN.FailNext("StartExecution", refusal)
				w.Request(request("first", "one", 9))
				time.Sleep(time.Second)
				w.Request(request("second", "one", 0))
				time.Sleep(time.Hour)
				for _, id := range w.RunIDs() {
					r := w.Record(id).Run
					first := r.Trigger.RequestID == "first"
					if first && (r.State != run.Failed || r.Class != job.ClassInternal || !strings.Contains(r.Reason, "start execution")) {
						t.Errorf("the first is %s, class %s: %s", r.State, r.Class, r.Reason)
					}
					if !first && r.State != run.Succeeded {
						t.Errorf("the second is %s: %s", r.State, r.Reason)
					}
				}
				if left := w.Left(); len(left) > 0 {
					t.Errorf("left: %q", left)
				}
			})
		})
	}
}

// While Step Functions refuses a run for a reason that may pass, the others start.
func TestExecutionThatFailsToStart(t *testing.T) {
	t.Parallel()
	inWorld(t, 10, 10, func(t *testing.T, w *simulation.World) {
		gone := &types.StateMachineDoesNotExist{Message: new("State Machine Does Not Exist")}
		w.SFN.FailNext("StartExecution", slices.Repeat([]error{gone}, 4)...)
		for i := range 3 {
			w.Request(request(fmt.Sprint(i), "one", 0))
		}
		time.Sleep(time.Hour)
		for _, id := range w.RunIDs() {
			if r := w.Record(id).Run; r.State != run.Succeeded {
				t.Errorf("run %s is %s: %s", r.Trigger.RequestID, r.State, r.Reason)
			}
		}
	})
}

// Names of the greatest length, from a sender who chooses them, make runs like others.
func TestLongestNames(t *testing.T) {
	t.Parallel()
	inWorld(t, 10, 10, func(t *testing.T, w *simulation.World) {
		name := strings.Repeat("p", 40)
		w.Apply(file(name))
		for i, id := range []string{strings.Repeat("r", 128), strings.Repeat("#", 128), "../.." + strings.Repeat("\x00", 100), "a b\n", strings.Repeat("é", 64)} {
			q := events.Request{RequestID: id, Pipeline: name, LogicalTime: "9999-12-31T23:59:00Z"}
			w.Request(q)
			time.Sleep(time.Hour)
			if ids := w.RunIDs(); len(ids) != i+1 {
				t.Fatalf("request id %q: %d runs", id, len(ids))
			}
		}
		for _, id := range w.RunIDs() {
			if r := w.Record(id).Run; r.State != run.Succeeded {
				t.Errorf("run %s is %s: %s", id, r.State, r.Reason)
			}
		}
	})
}
