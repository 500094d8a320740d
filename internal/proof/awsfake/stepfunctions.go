package awsfake

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"ephemr/internal/proof/asl"
)

// StepFunctions puts hooks, counts and injected errors around an asl.Engine.
type StepFunctions struct {
	Control

	engine *asl.Engine
}

// NewStepFunctions returns a client of engine.
func NewStepFunctions(engine *asl.Engine) *StepFunctions {
	return &StepFunctions{Control: newControl("SFN"), engine: engine}
}

// StartExecution starts an execution.
func (f *StepFunctions) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	return call(ctx, &f.Control, "StartExecution", func() (*sfn.StartExecutionOutput, error) { return f.engine.StartExecution(ctx, in) })
}

// StopExecution ends an execution as ABORTED.
func (f *StepFunctions) StopExecution(ctx context.Context, in *sfn.StopExecutionInput, _ ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	return call(ctx, &f.Control, "StopExecution", func() (*sfn.StopExecutionOutput, error) { return f.engine.StopExecution(ctx, in) })
}

// DescribeExecution returns an execution's status, input and output.
func (f *StepFunctions) DescribeExecution(ctx context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	return call(ctx, &f.Control, "DescribeExecution", func() (*sfn.DescribeExecutionOutput, error) { return f.engine.DescribeExecution(ctx, in) })
}

// ListExecutions lists a machine's executions, the newest first.
func (f *StepFunctions) ListExecutions(ctx context.Context, in *sfn.ListExecutionsInput, _ ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error) {
	return call(ctx, &f.Control, "ListExecutions", func() (*sfn.ListExecutionsOutput, error) { return f.engine.ListExecutions(ctx, in) })
}

// SendTaskSuccess ends a token task with an output.
func (f *StepFunctions) SendTaskSuccess(ctx context.Context, in *sfn.SendTaskSuccessInput, _ ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	return call(ctx, &f.Control, "SendTaskSuccess", func() (*sfn.SendTaskSuccessOutput, error) { return f.engine.SendTaskSuccess(ctx, in) })
}

// SendTaskFailure ends a token task with an error.
func (f *StepFunctions) SendTaskFailure(ctx context.Context, in *sfn.SendTaskFailureInput, _ ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error) {
	return call(ctx, &f.Control, "SendTaskFailure", func() (*sfn.SendTaskFailureOutput, error) { return f.engine.SendTaskFailure(ctx, in) })
}

// SendTaskHeartbeat says whether a token task still waits.
func (f *StepFunctions) SendTaskHeartbeat(ctx context.Context, in *sfn.SendTaskHeartbeatInput, _ ...func(*sfn.Options)) (*sfn.SendTaskHeartbeatOutput, error) {
	return call(ctx, &f.Control, "SendTaskHeartbeat", func() (*sfn.SendTaskHeartbeatOutput, error) { return f.engine.SendTaskHeartbeat(ctx, in) })
}
