package statemachines_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// An execution that names another's run, as a person can start it, and a payload that
// names another execution, cannot replace or remove the run's task token.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{NoTicks: true, Steps: always(simulation.Step{Takes: time.Hour})}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		w.Upload("in/a.csv")
		time.Sleep(10 * time.Minute)
		id := w.RunIDs()[0]
		before := w.Record(id)
		if before.Waiter == nil || before.Run.State != run.Running {
			t.Fatalf("the run is %s", before.Run.State)
		}
		input := fmt.Sprintf(`{"runId": %q}`, id)
		w.Start("forged", input)
		time.Sleep(time.Minute)
		for _, function := range []string{"awaitadmission", "createcluster", "submitsteps", "stopsteps", "preparerun", "finishrun", "admit", "control"} {
			payload, err := json.Marshal(map[string]any{
				"runId": id, "execution": before.Run.Execution + "x", "name": "forged", "startedAt": time.Now(), "token": "forged",
				"input": json.RawMessage(input), "state": map[string]string{"runId": id},
			})
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Invoke(function, payload)
			if diff := cmp.Diff(before.Waiter, w.Record(id).Waiter); diff != "" {
				t.Errorf("%s changed the waiter:\n%s", function, diff)
			}
		}
		if after := w.Record(id).Run; after.State != run.Running || after.Cancel != "" {
			t.Errorf("the run is %s", after.State)
		}
	})
}
