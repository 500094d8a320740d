package awsfake

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// SecretsManager knows secrets by name.
type SecretsManager struct {
	Control

	mu      sync.Mutex
	secrets map[string]*time.Time // when it is deleted, or nil
	values  map[string]string
}

// NewSecretsManager returns one without secrets.
func NewSecretsManager() *SecretsManager {
	return &SecretsManager{Control: newControl("Secrets Manager"), secrets: map[string]*time.Time{}, values: map[string]string{}}
}

// Create adds a secret.
func (f *SecretsManager) Create(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secrets[name] = nil
}

// Put adds a secret with a value, or replaces it.
func (f *SecretsManager) Put(name, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secrets[name], f.values[name] = nil, value
}

// GetSecretValue reads a secret by its name.
func (f *SecretsManager) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return call(ctx, &f.Control, "GetSecretValue", func() (*secretsmanager.GetSecretValueOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		value, ok := f.values[*in.SecretId]
		switch deleted := f.secrets[*in.SecretId]; {
		case !ok:
			return nil, &types.ResourceNotFoundException{Message: new("Secrets Manager can't find the specified secret.")}
		case deleted != nil:
			return nil, &types.InvalidRequestException{Message: new("You can't perform this operation on the secret because it was marked for deletion.")}
		}
		return &secretsmanager.GetSecretValueOutput{Name: in.SecretId, SecretString: &value}, nil
	})
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
