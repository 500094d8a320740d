package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// SNS publishes messages.
type SNS struct {
	publish Operation[sns.PublishInput, sns.PublishOutput, sns.Options]
}

// NewSNS returns a client of cfg.
func NewSNS(cfg aws.Config) *SNS {
	c := sns.NewFromConfig(cfg)
	return &SNS{
		publish: c.Publish,
	}
}

// Publish publishes a message.
func (s *SNS) Publish(ctx context.Context, in *sns.PublishInput, o ...func(*sns.Options)) (*sns.PublishOutput, error) {
	return s.publish(ctx, in, o...)
}
