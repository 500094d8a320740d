package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Secrets looks for secrets, and does not read them.
type Secrets struct {
	describeSecret Operation[secretsmanager.DescribeSecretInput, secretsmanager.DescribeSecretOutput, secretsmanager.Options]
}

// NewSecrets returns a client of cfg.
func NewSecrets(cfg aws.Config) *Secrets {
	c := secretsmanager.NewFromConfig(cfg)
	return &Secrets{describeSecret: c.DescribeSecret}
}

// DescribeSecret returns what is known of a secret besides its value.
func (s *Secrets) DescribeSecret(ctx context.Context, in *secretsmanager.DescribeSecretInput, o ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	return s.describeSecret(ctx, in, o...)
}
