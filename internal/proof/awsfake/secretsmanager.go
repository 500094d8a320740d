package awsfake

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// SecretsManager knows secrets by name, without values.
type SecretsManager struct {
	Control

	mu      sync.Mutex
	secrets map[string]*time.Time // when it is deleted, or nil
}

// NewSecretsManager returns one without secrets.
func NewSecretsManager() *SecretsManager {
	return &SecretsManager{Control: newControl("Secrets Manager"), secrets: map[string]*time.Time{}}
}

// Create adds a secret.
func (f *SecretsManager) Create(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secrets[name] = nil
}

// Delete schedules a secret for deletion.
func (f *SecretsManager) Delete(name string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secrets[name] = &at
}

// DescribeSecret finds a secret by its name or ARN.
func (f *SecretsManager) DescribeSecret(ctx context.Context, in *secretsmanager.DescribeSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	return call(ctx, &f.Control, "DescribeSecret", func() (*secretsmanager.DescribeSecretOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		const prefix, suffix = "arn:aws:secretsmanager:us-east-1:123456789012:secret:", "-AbCdEf"
		name := strings.TrimSuffix(strings.TrimPrefix(*in.SecretId, prefix), suffix)
		deleted, ok := f.secrets[name]
		if !ok {
			return nil, &types.ResourceNotFoundException{Message: new("Secrets Manager can't find the specified secret.")}
		}
		return &secretsmanager.DescribeSecretOutput{Name: &name, ARN: new(prefix + name + suffix), DeletedDate: deleted}, nil
	})
}
