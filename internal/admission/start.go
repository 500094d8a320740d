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

	"ephemr/internal/fault"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/wait"
)

// StartAPI is the part of Step Functions that starts executions.
type StartAPI interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
}

// Finisher records the outcome of a run that has no execution.
type Finisher interface {
	Finish(context.Context, outcome.FinishInput) (outcome.FinishOutput, error)
}

// forgotten is how long a run may be ADMITTED before its execution is started
// again: the invocation that admitted it may have died before it could.
const forgotten = 30 * time.Second

// begin starts the execution of an admitted run. Its name is the run's id, so a
// second call starts nothing. A run whose execution Step Functions will never
// accept ends here.
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
	if _, exists := errors.AsType[*types.ExecutionAlreadyExists](err); exists || err == nil {
		return nil
	}
	err = fmt.Errorf("start execution of run %s: %w", r.ID, err)
	if !never(err) {
		return err
	}
	slog.ErrorContext(ctx, "execution refused: finishing run", "runId", r.ID, "error", err.Error())
	_, finishErr := a.Finisher.Finish(ctx, outcome.FinishInput{
		RunID: r.ID, Unstarted: true, Error: &outcome.StateError{Error: string(fault.Internal), Cause: err.Error()},
	})
	return finishErr
}

// never reports whether Step Functions refused the name or the input of an
// execution, which are the same at every try.
func never(err error) bool {
	_, name := errors.AsType[*types.InvalidName](err)
	_, input := errors.AsType[*types.InvalidExecutionInput](err)
	return name || input || fault.NameOf(err) == fault.InvalidInput
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
// What is wrong with one run does not affect the others.
func (a *Admitter) restart(ctx context.Context) error {
	var errs []error
	err := a.Runs.InState(ctx, run.Admitted, func(r run.Run) error {
		if time.Since(r.AdmittedAt) < forgotten || r.Cancel != "" && r.Execution == "" { // which sweep ends
			return nil
		}
		slog.WarnContext(ctx, "restarting execution for admitted run", "runId", r.ID)
		errs = append(errs, fault.Safely(func() error { return a.begin(ctx, r) }))
		return nil
	})
	return errors.Join(append(errs, err)...)
}
