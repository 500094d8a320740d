package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// SQS sends messages.
type SQS struct {
	sendMessage Operation[sqs.SendMessageInput, sqs.SendMessageOutput, sqs.Options]
}

// NewSQS returns a client of cfg.
func NewSQS(cfg aws.Config) *SQS {
	c := sqs.NewFromConfig(cfg)
	return &SQS{
		sendMessage: c.SendMessage,
	}
}

// SendMessage sends a message.
func (s *SQS) SendMessage(ctx context.Context, in *sqs.SendMessageInput, o ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return s.sendMessage(ctx, in, o...)
}
