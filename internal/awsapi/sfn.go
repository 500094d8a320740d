package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// SFN starts executions, describes them and completes their tasks.
type SFN struct {
	startExecution    Operation[sfn.StartExecutionInput, sfn.StartExecutionOutput, sfn.Options]
	describeExecution Operation[sfn.DescribeExecutionInput, sfn.DescribeExecutionOutput, sfn.Options]
	sendTaskSuccess   Operation[sfn.SendTaskSuccessInput, sfn.SendTaskSuccessOutput, sfn.Options]
	sendTaskFailure   Operation[sfn.SendTaskFailureInput, sfn.SendTaskFailureOutput, sfn.Options]
}

// NewSFN returns a client of cfg.
func NewSFN(cfg aws.Config) *SFN {
	c := sfn.NewFromConfig(cfg)
	return &SFN{
		startExecution:    c.StartExecution,
		describeExecution: c.DescribeExecution,
		sendTaskSuccess:   c.SendTaskSuccess,
		sendTaskFailure:   c.SendTaskFailure,
	}
}

// StartExecution starts an execution.
func (s *SFN) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, o ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	return s.startExecution(ctx, in, o...)
}

// DescribeExecution returns the state of an execution.
func (s *SFN) DescribeExecution(ctx context.Context, in *sfn.DescribeExecutionInput, o ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	return s.describeExecution(ctx, in, o...)
}

// SendTaskSuccess completes a task.
func (s *SFN) SendTaskSuccess(ctx context.Context, in *sfn.SendTaskSuccessInput, o ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	return s.sendTaskSuccess(ctx, in, o...)
}

// SendTaskFailure fails a task.
func (s *SFN) SendTaskFailure(ctx context.Context, in *sfn.SendTaskFailureInput, o ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error) {
	return s.sendTaskFailure(ctx, in, o...)
}
