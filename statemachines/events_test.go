package statemachines_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// slowAnswers is EMR whose answers to what creates something take a while.
type slowAnswers struct{ emrapi.API }

const late = 20 * time.Second

func (s slowAnswers) RunJobFlow(ctx context.Context, in *emr.RunJobFlowInput, o ...func(*emr.Options)) (*emr.RunJobFlowOutput, error) {
	out, err := s.API.RunJobFlow(ctx, in, o...)
	time.Sleep(late)
	return out, err
}

func (s slowAnswers) AddJobFlowSteps(ctx context.Context, in *emr.AddJobFlowStepsInput, o ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error) {
	out, err := s.API.AddJobFlowSteps(ctx, in, o...)
	time.Sleep(late)
	return out, err
}

// What events say before the answer of the call that they are about is recorded is
// not lost: nothing waits for the tick, which does not come here.
func TestEventsBeforeAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		step  simulation.Step
		state run.State
		asks  int // for steps
	}{
		"success":          {simulation.Step{Takes: time.Second}, run.Succeeded, 0},
		"failure":          {simulation.Step{Takes: time.Second, ExitCode: 3}, run.Failed, 0},
		"without a result": {simulation.Step{Takes: time.Second, ExitCode: 137, Silent: true}, run.Failed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{
				NoTicks: true, Starting: time.Second, Bootstrapping: time.Second,
				Steps: func(simulation.Attempt) simulation.Step { return tt.step },
				EMR:   func(_ string, api emrapi.API) emrapi.API { return slowAnswers{api} },
			}, func(t *testing.T, w *simulation.World) {
				w.Apply(one)
				w.Upload("in/a.csv")
				rec := w.Wait(w.RunIDs()[0])
				if rec.Run.State != tt.state {
					t.Errorf("run is %s: %s", rec.Run.State, rec.Run.Reason)
				}
				if took := rec.Run.EndedAt.Sub(rec.Run.StartedAt); took > 3*late {
					t.Errorf("took %s", took)
				}
				if calls, _ := w.Calls(); calls["ListSteps"] != tt.asks {
					t.Errorf("calls %v, want %d of ListSteps", calls, tt.asks)
				}
			})
		})
	}
}

// The event about the first attempt comes again while the second one is at work, whose
// result is there already: it says nothing about the second step.
func TestEventOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	twice := func(detailType string) []time.Duration {
		if detailType == awsfake.StepStatusChange {
			return []time.Duration{0, 90 * time.Second}
		}
		return []time.Duration{0}
	}
	inWorld(t, simulation.Config{
		Steps: func(simulation.Attempt) simulation.Step {
			return simulation.Step{Takes: 2 * time.Minute, ExitCode: 3, Lead: 110 * time.Second}
		},
		EventDelays: twice,
	}, func(t *testing.T, w *simulation.World) {
		w.Apply(again)
		w.Upload("in/a.csv")
		rec := w.Wait(w.RunIDs()[0])
		if j := rec.Job("a"); j.State != run.JobFailed || j.Attempt != 2 {
			t.Errorf("job is %s after %d attempts", j.State, j.Attempt)
		}
		if took := rec.Run.EndedAt.Sub(rec.Cluster().ReadyAt); took < 4*time.Minute {
			t.Errorf("the second attempt was over after %s, before its step", took)
		}
	})
}
