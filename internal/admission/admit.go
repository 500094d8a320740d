package admission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/internal/engine"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/wait"
)

// StartAPI is the part of Step Functions that starts executions.
type StartAPI interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
}

// Admitter starts queued runs while the limits allow.
type Admitter struct {
	Settings stage.Settings
	Runs     *store.Runs
	Slots    *Slots
	SFN      StartAPI
	Waker    *wait.Waker // answers manual executions that wait for a slot
}

// Input starts a pass through the queues. RunIDs name new runs, because the index
// that the queues are read from is eventually consistent.
type Input struct {
	RunIDs []string `json:"runIds,omitempty"`
}

// Output lists what was done.
type Output struct {
	Admitted []string `json:"admitted"`
	Full     bool     `json:"full"` // the stage's limit is reached
}

// forgotten is how long a run may be ADMITTED before its execution is started
// again: the invocation that admitted it may have died before it could.
const forgotten = 30 * time.Second

// Admit starts the runs that the limits allow. A reached limit is not an error.
func (a *Admitter) Admit(ctx context.Context, in Input) (Output, error) {
	p := a.pass()
	err := p.walk(ctx)
	for _, id := range in.RunIDs {
		if err == nil {
			err = p.hint(ctx, id)
		}
	}
	if err != nil {
		return p.out, fmt.Errorf("admit runs: %w", err)
	}
	return p.out, a.restart(ctx)
}

// One admits r if the limits allow it, and starts its execution or answers the
// manual execution that waits. It returns Full when a limit is reached, and false
// when r is no longer queued.
func (a *Admitter) One(ctx context.Context, r run.Run) (*Full, bool, error) {
	now := time.Now()
	deadline := now.Add(a.Settings.Limits.Deadline.Std())
	if r.MaxDuration > 0 {
		deadline = now.Add(r.MaxDuration)
	}
	write, err := a.Runs.AdmitWrite(r.ID, now, deadline)
	if err != nil {
		return nil, false, err
	}
	most := r.MaxActive
	if most == 0 {
		most = a.Settings.Limits.PipelineMaxActive
	}
	limits := a.Settings.Limits
	scopes := []scope{
		{records.StageSlotsKey(), limits.MaxActive},
		{records.TeamSlotsKey(r.TeamName()), limits.OfTeam(r.TeamName())},
		{records.PipelineSlotsKey(r.Pipeline), most},
	}
	full, ok, err := a.Slots.take(ctx, r.ID, scopes, write)
	if err != nil || !ok {
		return full, false, err
	}
	slog.InfoContext(ctx, "run admitted", "runId", r.ID)
	return nil, true, a.begin(ctx, r)
}

// begin starts the execution of an admitted run. Its name is the run's id, so a
// second call starts nothing.
func (a *Admitter) begin(ctx context.Context, r run.Run) error {
	if r.Execution != "" {
		return a.wake(ctx, r)
	}
	input, err := json.Marshal(map[string]string{"runId": r.ID})
	if err != nil {
		return fmt.Errorf("encode input of run %s: %w", r.ID, err)
	}
	_, err = a.SFN.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &a.Settings.StateMachine, Name: aws.String(r.ExecutionName()), Input: aws.String(string(input)),
	})
	if _, exists := errors.AsType[*types.ExecutionAlreadyExists](err); exists {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start execution of run %s: %w", r.ID, err)
	}
	return nil
}

func (a *Admitter) wake(ctx context.Context, r run.Run) error {
	rec, err := a.Runs.Load(ctx, r.ID)
	if err != nil {
		return err
	}
	if rec.Waiter == nil || rec.Waiter.Kind != run.ForAdmission {
		return nil // PrepareRun or AwaitAdmission is about to see that it is admitted
	}
	return a.Waker.Answer(ctx, *rec.Waiter, wait.Answer{Output: map[string]string{"runId": r.ID}})
}

// restart starts executions whose Admitter died between the slots and the start.
func (a *Admitter) restart(ctx context.Context) error {
	return a.Runs.InState(ctx, run.Admitted, func(r run.Run) error {
		if time.Since(r.AdmittedAt) < forgotten {
			return nil
		}
		slog.WarnContext(ctx, "restarting execution for admitted run", "runId", r.ID)
		return a.begin(ctx, r)
	})
}

// LookAdmitted answers a manual execution whose run has been admitted.
func LookAdmitted(_ context.Context, rec *run.Record, _ *engine.Capacity) (*wait.Answer, error) {
	if rec.Run.State == run.Queued {
		return nil, nil //nolint:nilnil // still queued
	}
	return &wait.Answer{Output: map[string]string{"runId": rec.Run.ID}}, nil
}
