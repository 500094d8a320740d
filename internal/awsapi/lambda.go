package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Lambda invokes functions.
type Lambda struct {
	invoke Operation[lambda.InvokeInput, lambda.InvokeOutput, lambda.Options]
}

// NewLambda returns a client of cfg.
func NewLambda(cfg aws.Config) *Lambda {
	c := lambda.NewFromConfig(cfg)
	return &Lambda{
		invoke: c.Invoke,
	}
}

// Invoke invokes a function.
func (l *Lambda) Invoke(ctx context.Context, in *lambda.InvokeInput, o ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	return l.invoke(ctx, in, o...)
}
