package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// SSM reads parameters.
type SSM struct {
	getParameter        Operation[ssm.GetParameterInput, ssm.GetParameterOutput, ssm.Options]
	getParametersByPath Operation[ssm.GetParametersByPathInput, ssm.GetParametersByPathOutput, ssm.Options]
}

// NewSSM returns a client of cfg.
func NewSSM(cfg aws.Config) *SSM {
	c := ssm.NewFromConfig(cfg)
	return &SSM{
		getParameter:        c.GetParameter,
		getParametersByPath: c.GetParametersByPath,
	}
}

// GetParameter reads a parameter.
func (s *SSM) GetParameter(ctx context.Context, in *ssm.GetParameterInput, o ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return s.getParameter(ctx, in, o...)
}

// GetParametersByPath reads the parameters below a path.
func (s *SSM) GetParametersByPath(ctx context.Context, in *ssm.GetParametersByPathInput, o ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error) {
	return s.getParametersByPath(ctx, in, o...)
}
