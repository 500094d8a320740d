// Package account reads what EMR allows in an AWS account.
//
// Tested by internal/cli/doctor.
package account

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
)

// API reads EMR's settings of the account.
type API interface {
	GetBlockPublicAccessConfiguration(
		context.Context, *emr.GetBlockPublicAccessConfigurationInput, ...func(*emr.Options),
	) (*emr.GetBlockPublicAccessConfigurationOutput, error)
}

// NewClient returns EMR itself.
func NewClient(cfg aws.Config) API { return emr.NewFromConfig(cfg) }

// BlocksPublicAccess reports whether EMR refuses clusters whose security groups
// allow access from everywhere.
func BlocksPublicAccess(ctx context.Context, api API) (bool, error) {
	out, err := api.GetBlockPublicAccessConfiguration(ctx, &emr.GetBlockPublicAccessConfigurationInput{})
	if err != nil {
		return false, err
	}
	return aws.ToBool(out.BlockPublicAccessConfiguration.BlockPublicSecurityGroupRules), nil
}
