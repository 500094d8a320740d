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

// SecretValues reads secrets.
type SecretValues struct {
	getSecretValue Operation[secretsmanager.GetSecretValueInput, secretsmanager.GetSecretValueOutput, secretsmanager.Options]
}

// NewSecretValues returns a client of cfg.
func NewSecretValues(cfg aws.Config) *SecretValues {
	return &SecretValues{getSecretValue: secretsmanager.NewFromConfig(cfg).GetSecretValue}
}

// GetSecretValue returns the value of a secret.
func (s *SecretValues) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, o ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return s.getSecretValue(ctx, in, o...)
}
