package awsapi

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// SFN starts executions, describes and stops them, and completes their tasks.
type SFN struct {
	startExecution    Operation[sfn.StartExecutionInput, sfn.StartExecutionOutput, sfn.Options]
	describeExecution Operation[sfn.DescribeExecutionInput, sfn.DescribeExecutionOutput, sfn.Options]
	stopExecution     Operation[sfn.StopExecutionInput, sfn.StopExecutionOutput, sfn.Options]
	sendTaskSuccess   Operation[sfn.SendTaskSuccessInput, sfn.SendTaskSuccessOutput, sfn.Options]
	sendTaskFailure   Operation[sfn.SendTaskFailureInput, sfn.SendTaskFailureOutput, sfn.Options]
}

// NewSFN returns a client of cfg.
func NewSFN(cfg aws.Config) *SFN {
	c := sfn.NewFromConfig(cfg)
	return &SFN{
		startExecution:    c.StartExecution,
		describeExecution: c.DescribeExecution,
		stopExecution:     c.StopExecution,
		sendTaskSuccess:   c.SendTaskSuccess,
		sendTaskFailure:   c.SendTaskFailure,
	}
}

// StartExecution starts an execution. Its name is checked here as well, because an
// emulator accepts names that AWS refuses.
func (s *SFN) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, o ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	if name := aws.ToString(in.Name); in.Name != nil && !validExecution(name) {
		return nil, &types.InvalidName{Message: aws.String("Invalid Name: '" + name + "'")}
	}
	return s.startExecution(ctx, in, o...)
}

// validExecution reports whether AWS accepts the name of an execution:
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
func validExecution(name string) bool {
	n := utf8.RuneCountInString(name)
	return n >= 1 && n <= 80 && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF }) &&
		!strings.ContainsAny(name, "<>{}[]?*\"#%\\^|~`$&,;:/")
}

// DescribeExecution returns the state of an execution.
func (s *SFN) DescribeExecution(ctx context.Context, in *sfn.DescribeExecutionInput, o ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	return s.describeExecution(ctx, in, o...)
}

// StopExecution ends an execution as ABORTED.
func (s *SFN) StopExecution(ctx context.Context, in *sfn.StopExecutionInput, o ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	return s.stopExecution(ctx, in, o...)
}

// SendTaskSuccess completes a task.
func (s *SFN) SendTaskSuccess(ctx context.Context, in *sfn.SendTaskSuccessInput, o ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	return s.sendTaskSuccess(ctx, in, o...)
}

// SendTaskFailure fails a task.
func (s *SFN) SendTaskFailure(ctx context.Context, in *sfn.SendTaskFailureInput, o ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error) {
	return s.sendTaskFailure(ctx, in, o...)
}
