package statemachines_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// cancelling asks that a run be cancelled, as ephemr cancel does.
func cancelling(kill bool) func(w *simulation.World, id string) {
	return func(w *simulation.World, id string) {
		time.Sleep(6 * time.Minute) // its step runs by now
		payload, _ := json.Marshal(map[string]any{"op": "cancel", "runId": id, "why": "enough", "kill": kill})
		if _, err := w.Invoke("control", payload); err != nil {
			panic(err)
		}
	}
}

// What runs when a run ends is asked to end, killed if it does not listen, and
// says how it ended before its cluster goes.
func TestStepsAreStopped(t *testing.T) {
	t.Parallel()
	long := simulation.Step{Takes: time.Hour}
	deaf := simulation.Step{Takes: time.Hour, Deaf: true}
	lost := func(detailType string) []time.Duration {
		if detailType == awsfake.StepStatusChange {
			return nil
		}
		return []time.Duration{0}
	}
	refuse := &types.InvalidRequestException{Message: new("no")}
	for _, tt := range []struct {
		name   string
		config simulation.Config
		before func(w *simulation.World)
		kill   bool
		within time.Duration // from the wish to the outcome
		calls  int           // of CancelSteps
		exit   int           // 0 = not known
	}{
		{name: "interrupted", config: simulation.Config{Steps: always(long)}, within: 30 * time.Second, calls: 1, exit: 143},
		{
			name: "interrupted, and the runner ends after its step", within: 2 * time.Minute, calls: 1, exit: 143,
			config: simulation.Config{Steps: always(simulation.Step{Takes: time.Hour, Leaves: 25 * time.Second})},
		},
		{
			name: "interrupted, and the runner never ends", within: 3 * time.Minute, calls: 1,
			config: simulation.Config{Steps: always(simulation.Step{Takes: time.Hour, Leaves: time.Hour})},
		},
		{name: "no event", config: simulation.Config{Steps: always(long), EventDelays: lost}, within: 2 * time.Minute, calls: 1, exit: 143},
		{name: "deaf", config: simulation.Config{Steps: always(deaf)}, within: 3 * time.Minute, calls: 2},
		{name: "killed", config: simulation.Config{Steps: always(long)}, kill: true, within: 30 * time.Second, calls: 1},
		{
			name: "throttled", config: simulation.Config{Steps: always(long)}, within: time.Minute, calls: 3, exit: 143,
			before: func(w *simulation.World) { failing(w, "CancelSteps", awsfake.Throttled(), awsfake.Throttled()) },
		},
		{
			name: "answer lost", config: simulation.Config{Steps: always(long)}, within: time.Minute, calls: 2, exit: 143,
			before: func(w *simulation.World) { w.EMR.LoseNext("CancelSteps", errLost) },
		},
		{
			name: "refused", config: simulation.Config{Steps: always(long)}, within: 3 * time.Minute, calls: 2,
			before: func(w *simulation.World) { failing(w, "CancelSteps", refuse) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, tt.config, func(t *testing.T, w *simulation.World) {
				if tt.before != nil {
					tt.before(w)
				}
				var began time.Time
				got, id := uploaded(t, w, one, func(w *simulation.World, id string) {
					cancelling(tt.kill)(w, id)
					began = time.Now()
				})
				compare(t, w, id, ended{
					Path: path(begin, stopped, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=CANCELLED", Clusters: 1,
				}, got)
				rec := w.Record(id)
				if took := rec.Run.EndedAt.Sub(began); took > tt.within {
					t.Errorf("took %s, want at most %s", took, tt.within)
				}
				if code := rec.Job("a").ExitCode; tt.exit != 0 && (code == nil || *code != tt.exit) || tt.exit == 0 && code != nil {
					t.Errorf("exit code %v, want %d", code, tt.exit)
				}
				own, _ := w.Calls()
				if own["CancelSteps"] != tt.calls {
					t.Errorf("%d calls of CancelSteps, want %d", own["CancelSteps"], tt.calls)
				}
				stepsOver(t, w)
			})
		})
	}
}

func always(s simulation.Step) func(simulation.Attempt) simulation.Step {
	return func(simulation.Attempt) simulation.Step { return s }
}

// stepsOver holds that every step had ended before its cluster was ended.
func stepsOver(t *testing.T, w *simulation.World) {
	t.Helper()
	for _, c := range w.EMR.Clusters() {
		for _, s := range w.EMR.Steps(*c.Id) {
			if s.Status.State != types.StepStateCancelled && s.Status.State != types.StepStateCompleted {
				t.Errorf("step %s is %s", *s.Name, s.Status.State)
			}
		}
	}
}

// The program that could not be stopped in time goes with its cluster, and so
// does one whose submission was not recorded.
func TestWhatCannotBeStoppedGoesWithItsCluster(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		before func(w *simulation.World)
		path   string
	}{
		{
			"EMR does not cancel", func(w *simulation.World) {
				for range 200 {
					failing(w, "CancelSteps", errors.New("internal"))
				}
			}, path(begin, "SubmitSteps StopSteps", bad),
		},
		{"submitted by the dead", func(w *simulation.World) { w.Crash("EMR:AddJobFlowSteps", true) }, path(begin, stopped, bad)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{Steps: always(simulation.Step{Takes: time.Hour})}, func(t *testing.T, w *simulation.World) {
				tt.before(w)
				got, id := uploaded(t, w, one, cancelling(false))
				compare(t, w, id, ended{
					Path: tt.path, State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=CANCELLED", Clusters: 1,
				}, got)
			})
		})
	}
}

// An execution that is not the run's own stops nothing.
func TestStrangersStopNothing(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{Steps: always(simulation.Step{Takes: 20 * time.Minute})}, func(t *testing.T, w *simulation.World) {
		got, id := uploaded(t, w, one, func(w *simulation.World, id string) {
			time.Sleep(6 * time.Minute)
			payload, _ := json.Marshal(map[string]string{"runId": id, "execution": w.Record(id).Run.Execution + "x", "token": "t"})
			if _, err := w.Invoke("stopsteps", payload); err != nil {
				t.Error(err)
			}
		})
		compare(t, w, id, ended{Path: path(begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, got)
	})
}
