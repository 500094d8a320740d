package sweep

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/internal/fault"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
)

// ExecutionAPI looks at executions, and stops those of runs that are late.
type ExecutionAPI interface {
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
	StopExecution(context.Context, *sfn.StopExecutionInput, ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error)
}

// execution is the ARN of r's execution. PrepareRun may not have recorded it.
func (s *Sweeper) execution(r run.Run) string {
	if r.Execution != "" {
		return r.Execution
	}
	return strings.Replace(s.Settings.StateMachine, ":stateMachine:", ":execution:", 1) + ":" + r.ExecutionName()
}

// stop ends an execution that no function answers any more, if it goes on.
func (s *Sweeper) stop(ctx context.Context, arn string, why outcome.StateError) error {
	_, err := s.SFN.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: &arn, Error: &why.Error, Cause: &why.Cause})
	if _, gone := errors.AsType[*sfntypes.ExecutionDoesNotExist](err); err != nil && !gone {
		return fmt.Errorf("stop execution %s: %w", arn, err)
	}
	return nil
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
