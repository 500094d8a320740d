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

// Parameters looks for parameters, and does not read them.
type Parameters struct {
	describeParameters Operation[ssm.DescribeParametersInput, ssm.DescribeParametersOutput, ssm.Options]
}

// NewParameters returns a client of cfg.
func NewParameters(cfg aws.Config) *Parameters {
	c := ssm.NewFromConfig(cfg)
	return &Parameters{describeParameters: c.DescribeParameters}
}

// DescribeParameters returns what is known of parameters besides their values.
func (p *Parameters) DescribeParameters(ctx context.Context, in *ssm.DescribeParametersInput, o ...func(*ssm.Options)) (*ssm.DescribeParametersOutput, error) {
	return p.describeParameters(ctx, in, o...)
}

// GetParameter reads a parameter.
func (s *SSM) GetParameter(ctx context.Context, in *ssm.GetParameterInput, o ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return s.getParameter(ctx, in, o...)
}

// GetParametersByPath reads the parameters below a path.
func (s *SSM) GetParametersByPath(ctx context.Context, in *ssm.GetParametersByPathInput, o ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error) {
	return s.getParametersByPath(ctx, in, o...)
}
