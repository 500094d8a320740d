// Package account reads what EMR allows in an AWS account.
//
// Tested by internal/cli/doctor.
package account

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// API reads EMR's settings of the account.
type API interface {
	GetBlockPublicAccessConfiguration(
		context.Context, *emr.GetBlockPublicAccessConfigurationInput, ...func(*emr.Options),
	) (*emr.GetBlockPublicAccessConfigurationOutput, error)
	DescribeReleaseLabel(context.Context, *emr.DescribeReleaseLabelInput, ...func(*emr.Options)) (*emr.DescribeReleaseLabelOutput, error)
}

// NewClient returns EMR itself.
func NewClient(cfg aws.Config) API { return emr.NewFromConfig(cfg) }

// HasRelease reports whether EMR has a release in this Region.
func HasRelease(ctx context.Context, api API, label string) (bool, error) {
	_, err := api.DescribeReleaseLabel(ctx, &emr.DescribeReleaseLabelInput{ReleaseLabel: &label})
	if _, unknown := errors.AsType[*types.InvalidRequestException](err); unknown {
		return false, nil
	}
	return err == nil, err
}

// BlocksPublicAccess reports whether EMR refuses clusters whose security groups
// allow access from everywhere.
func BlocksPublicAccess(ctx context.Context, api API) (bool, error) {
	out, err := api.GetBlockPublicAccessConfiguration(ctx, &emr.GetBlockPublicAccessConfigurationInput{})
	if err != nil {
		return false, err
	}
	return aws.ToBool(out.BlockPublicAccessConfiguration.BlockPublicSecurityGroupRules), nil
}
