package test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/upload"
	"ephemr/internal/view/follow"
)

// API are the services that tests use.
type API struct {
	S3             S3API
	SQS            request.QueueAPI
	Lambda         lambdacall.InvokeAPI
	Follower       *follow.Follower
	SSM            ParameterAPI
	SecretsManager SecretAPI
}

// S3API uploads fixtures and packages, and reads and deletes what tests write.
type S3API interface {
	upload.S3API
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
}

// ParameterAPI makes secrets in the Parameter Store.
type ParameterAPI interface {
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
	DeleteParameter(context.Context, *ssm.DeleteParameterInput, ...func(*ssm.Options)) (*ssm.DeleteParameterOutput, error)
}

// SecretAPI makes secrets in Secrets Manager.
type SecretAPI interface {
	CreateSecret(context.Context, *secretsmanager.CreateSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.CreateSecretOutput, error)
	DeleteSecret(context.Context, *secretsmanager.DeleteSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DeleteSecretOutput, error)
}

// clients are those of a stage.
func clients(ctx context.Context, s *session.Session) (Clients, error) {
	sender, err := s.Sender(ctx)
	if err != nil {
		return Clients{}, err
	}
	return Clients{Settings: s.Settings, Sender: sender, API: API{
		S3: s.S3(), SQS: sqs.NewFromConfig(s.Config), Lambda: lambda.NewFromConfig(s.Config), Follower: follow.New(s.Config, s.Settings),
		SSM: ssm.NewFromConfig(s.Config), SecretsManager: secretsmanager.NewFromConfig(s.Config),
	}}, nil
}
