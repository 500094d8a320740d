package sweep_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// running creates a running run, and its waiter.
func running(t *testing.T, w *simulation.World, r run.Run, spec *pipeline.Spec, waits bool) {
	t.Helper()
	if _, ok, err := w.Runs.Create(t.Context(), r, spec); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if !waits {
		return
	}
	wait := run.Waiter{RunID: r.ID, Kind: run.ForSteps, Token: "t", Execution: r.Execution, Since: r.RequestedAt, Deadline: r.Deadline}
	if err := w.Runs.Wait(t.Context(), wait); err != nil {
		t.Fatal(err)
	}
}

// With 2,000 runs sweep keeps to Step Functions' quota of DescribeExecution, a burst
// of 300 and 15 a second, and describes the runs that do not wait first.
func TestManyRuns(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		spec := &pipeline.Spec{Name: "one"}
		const all = 2000
		now := time.Now()
		for i := range all {
			r := run.Run{
				ID: fmt.Sprintf("r-%04d", i), Pipeline: "one", State: run.Running, Execution: w.Settings.StateMachine + fmt.Sprint(i),
				LogicalTime: now, RequestedAt: now, Deadline: now.Add(time.Hour),
			}
			running(t, w, r, spec, i != all/2) // whose execution is gone, and nothing answers it
		}
		bucket := awsfake.NewRate(300, 15)
		w.SFN.Use(&awsfake.Hooks{Around: func(_ context.Context, op string, effect func() error) error {
			if op == "SFN:DescribeExecution" && !bucket.Take() {
				return &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}
			}
			return effect()
		}})
		time.Sleep(10 * time.Minute)
		got := swept(t, w)
		if n := w.SFN.Calls("DescribeExecution"); n == 0 || n > 300 || bucket.Refused() > 0 {
			t.Errorf("%d executions were described, %d calls throttled", n, bucket.Refused())
		}
		if !slices.Contains(got, fmt.Sprintf("run-finished r-%04d", all/2)) {
			t.Error("the run without a waiter was not described first")
		}
	})
}
