package sweep

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/events"
	"ephemr/internal/fault"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
)

// runs finishes those whose execution is over without their knowing: stopped by
// hand, timed out, or gone.
func (s *Sweeper) runs(ctx context.Context, out *Output) error {
	var errs []error
	for _, state := range []run.State{run.Running, run.Admitted, run.Queued} {
		errs = append(errs, s.Runs.InState(ctx, state, func(r run.Run) error {
			if r.State == run.Queued && r.Execution == "" {
				return nil // admission will start one
			}
			errs = append(errs, s.run(ctx, r, out)) // the others are not affected
			return nil
		}))
	}
	return errors.Join(errs...)
}

// execution is the ARN of r's execution.
func (s *Sweeper) execution(r run.Run) string {
	if r.Execution != "" {
		return r.Execution
	}
	// PrepareRun could not tie them.
	return strings.Replace(s.Settings.StateMachine, ":stateMachine:", ":execution:", 1) + ":" + r.ExecutionName()
}

func (s *Sweeper) run(ctx context.Context, r run.Run, out *Output) error {
	why, err := s.over(ctx, s.execution(r), r.Execution != "")
	if why == nil || err != nil {
		return err
	}
	// The index may lag behind: ask the table before calling it a repair.
	rec, err := s.Runs.Load(ctx, r.ID)
	if err != nil || rec.Run.State.Final() || rec.Run.Execution != r.Execution {
		return err
	}
	if _, err := s.Finisher.Finish(ctx, outcome.FinishInput{RunID: r.ID, Error: why}); err != nil {
		return err
	}
	out.Repairs = append(out.Repairs, events.Repaired{What: "run-finished", RunID: r.ID, Reason: why.Cause})
	return nil
}

// unannounced announces the outcomes that were not: of runs that were cancelled
// while they were queued, and of those whose last function died.
func (s *Sweeper) unannounced(ctx context.Context) error {
	var errs []error
	err := s.Runs.Unannounced(ctx, func(r run.Run) error {
		if time.Since(r.EndedAt) < time.Minute {
			return nil // it is being announced right now
		}
		_, err := s.Finisher.Finish(ctx, outcome.FinishInput{RunID: r.ID})
		errs = append(errs, err) // the others are not affected
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// over says why an execution is over, or nil while it is not. One that does not
// exist is over only if it did exist: otherwise admission will start it.
func (s *Sweeper) over(ctx context.Context, arn string, existed bool) (*outcome.StateError, error) {
	e, err := s.SFN.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if _, gone := errors.AsType[*sfntypes.ExecutionDoesNotExist](err); gone {
		if !existed {
			return nil, nil //nolint:nilnil // not over is an answer
		}
		return &outcome.StateError{Error: string(fault.Internal), Cause: "its execution is gone"}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe execution %s: %w", arn, err)
	}
	if e.Status == sfntypes.ExecutionStatusRunning {
		return nil, nil //nolint:nilnil // not over is an answer
	}
	why := reason(e)
	return &why, nil
}

// reason says why an execution that is not running any more left its run behind.
func reason(e *sfn.DescribeExecutionOutput) outcome.StateError {
	switch e.Status {
	case sfntypes.ExecutionStatusAborted:
		return outcome.StateError{Error: string(fault.Cancelled), Cause: "the execution was stopped: " + aws.ToString(e.Cause)}
	case sfntypes.ExecutionStatusTimedOut:
		return outcome.StateError{Error: string(fault.Timeout), Cause: "the execution timed out"}
	case sfntypes.ExecutionStatusFailed, sfntypes.ExecutionStatusSucceeded, sfntypes.ExecutionStatusRunning, sfntypes.ExecutionStatusPendingRedrive:
	}
	return outcome.StateError{
		Error: aws.ToString(e.Error),
		Cause: fmt.Sprintf("the execution ended %s without an outcome: %s", e.Status, aws.ToString(e.Cause)),
	}
}
