package vpn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"ephemr/internal/fault"
	"ephemr/internal/stage"
)

// SecretsAPI is what the store uses of Secrets Manager.
type SecretsAPI interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	CreateSecret(context.Context, *secretsmanager.CreateSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.CreateSecretOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Labels of versions of a secret.
const (
	current  = "AWSCURRENT"
	proposed = "ephemr-proposed"
)

// Store keeps the authority of a stage as a secret of Secrets Manager.
type Store struct {
	API   SecretsAPI
	Stage string

	version string // that was loaded
}

// Name is the secret's name.
func (s *Store) Name() string { return stage.VPNAuthority(s.Stage) }

// ErrMissing is a stage without an authority.
var ErrMissing = errors.New("the stage has no certificate authority; make it with: ephemr vpn cert NAME")

// Load reads the authority. The error is ErrMissing if there is none.
func (s *Store) Load(ctx context.Context) (*Authority, error) {
	out, err := s.API.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(s.Name())})
	if fault.Code(err) == "ResourceNotFoundException" {
		return nil, ErrMissing
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", s.Name(), err)
	}
	var a Authority
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &a) != nil {
		return nil, fmt.Errorf("secret %s is not a certificate authority", s.Name()) // without its content
	}
	s.version = aws.ToString(out.VersionId)
	return &a, nil
}

// Create stores a new authority.
func (s *Store) Create(ctx context.Context, a *Authority) error {
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode authority: %w", err)
	}
	out, err := s.API.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String(s.Name()), SecretString: aws.String(string(data)), Description: aws.String("Certificate authority of the VPN of stage " + s.Stage),
	})
	if err != nil {
		return fmt.Errorf("create secret %s: %w", s.Name(), err)
	}
	s.version = aws.ToString(out.VersionId)
	return nil
}

// Save replaces the authority that was loaded. It fails if another call has replaced it meanwhile: the version is only
// made the current one if the loaded one still is.
func (s *Store) Save(ctx context.Context, a *Authority) error {
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode authority: %w", err)
	}
	out, err := s.API.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(s.Name()), SecretString: aws.String(string(data)), VersionStages: []string{proposed},
	})
	if err != nil {
		return fmt.Errorf("write secret %s: %w", s.Name(), err)
	}
	_, err = s.API.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: aws.String(s.Name()), VersionStage: aws.String(current), MoveToVersionId: out.VersionId, RemoveFromVersionId: &s.version,
	})
	if fault.Code(err) == "InvalidParameterException" {
		return fmt.Errorf("secret %s was changed at the same time; repeat the command: %w", s.Name(), err)
	}
	if err != nil {
		return fmt.Errorf("write secret %s: %w", s.Name(), err)
	}
	s.version = aws.ToString(out.VersionId)
	return nil
}
