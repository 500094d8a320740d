package asl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// StartExecution starts an execution. The same name and input while it runs
// answer the same ARN; otherwise a name can be used once.
func (e *Engine) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errors.New("start execution: the engine is closed")
	}
	d, ok := e.machines[text(in.StateMachineArn)]
	if !ok {
		return nil, noMachine(in.StateMachineArn)
	}
	name := fmt.Sprintf("execution-%06d", len(e.order)+1)
	if in.Name != nil {
		name = *in.Name
	}
	input := cmp.Or(text(in.Input), "{}")
	if err := checkStart(name, input); err != nil {
		return nil, err
	}
	x, known := e.execs[executionARN(d.name, name)]
	if known && (x.result.Status != Running || x.input != input) {
		return nil, &types.ExecutionAlreadyExists{Message: new("Execution Already Exists: '" + x.arn + "'")}
	}
	if !known {
		x = e.start(d, name, input) //nolint:contextcheck // the execution outlives the call that starts it
	}
	return &sfn.StartExecutionOutput{ExecutionArn: new(x.arn), StartDate: new(x.start)}, nil
}

func checkStart(name, input string) error {
	if err := invalidName(name); err != nil {
		return err
	}
	if _, err := decode([]byte(input)); err != nil || len(input) > maxPayload {
		return &types.InvalidExecutionInput{Message: new("Invalid State Machine Execution Input: not JSON or longer than 262144 bytes")}
	}
	return nil
}

// StopExecution ends an execution as ABORTED. Functions that run go on.
func (e *Engine) StopExecution(_ context.Context, in *sfn.StopExecutionInput, _ ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, ok := e.execs[text(in.ExecutionArn)]
	if !ok {
		return nil, noExecution(text(in.ExecutionArn))
	}
	if x.result.Status == Running {
		x.stop = time.Now()
		x.result = Result{Status: Aborted, Error: text(in.Error), Cause: text(in.Cause)}
		x.cancel(&abortError{text(in.Error), text(in.Cause)})
	}
	return &sfn.StopExecutionOutput{StopDate: new(x.stop)}, nil
}

// DescribeExecution returns an execution's status, input and output.
func (e *Engine) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, ok := e.execs[text(in.ExecutionArn)]
	if !ok {
		return nil, noExecution(text(in.ExecutionArn))
	}
	out := &sfn.DescribeExecutionOutput{
		ExecutionArn: new(x.arn), StateMachineArn: new(x.machine), Name: new(x.name), StartDate: new(x.start),
		Status: types.ExecutionStatus(x.result.Status), Input: new(x.input), RedriveCount: new(int32(0)),
	}
	if x.result.Status == Running {
		return out, nil
	}
	out.StopDate = new(x.stop)
	switch x.result.Status { //nolint:exhaustive // RUNNING has left above
	case Succeeded:
		out.Output = new(string(x.result.Output))
	default:
		out.Error, out.Cause = optional(x.result.Error), optional(x.result.Cause)
	}
	return out, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// ListExecutions lists a machine's executions, the newest first.
func (e *Engine) ListExecutions(_ context.Context, in *sfn.ListExecutionsInput, _ ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.machines[text(in.StateMachineArn)]; !ok {
		return nil, noMachine(in.StateMachineArn)
	}
	from, err := e.firstOfPage(in.NextToken)
	if err != nil {
		return nil, err
	}
	most := cmp.Or(int(in.MaxResults), 100)
	out := &sfn.ListExecutionsOutput{Executions: []types.ExecutionListItem{}}
	for i := from - 1; i >= 0; i-- {
		x := e.order[i]
		if x.machine != *in.StateMachineArn || in.StatusFilter != "" && string(x.result.Status) != string(in.StatusFilter) {
			continue
		}
		if len(out.Executions) == most {
			out.NextToken = new(strconv.Itoa(i + 1))
			break
		}
		out.Executions = append(out.Executions, x.item())
	}
	return out, nil
}

// firstOfPage returns the index behind the page's newest execution.
func (e *Engine) firstOfPage(token *string) (int, error) {
	if token == nil {
		return len(e.order), nil
	}
	n, err := strconv.Atoi(*token)
	if err != nil || n < 0 || n > len(e.order) {
		return 0, &types.InvalidToken{Message: new("Invalid Token: '" + *token + "'")}
	}
	return n, nil
}

func noMachine(arn *string) error {
	return &types.StateMachineDoesNotExist{Message: new("State Machine Does Not Exist: '" + text(arn) + "'")}
}

func (x *execution) item() types.ExecutionListItem {
	item := types.ExecutionListItem{
		ExecutionArn: new(x.arn), Name: new(x.name), StateMachineArn: new(x.machine), StartDate: new(x.start), Status: types.ExecutionStatus(x.result.Status),
	}
	if !x.stop.IsZero() {
		item.StopDate = new(x.stop)
	}
	return item
}
