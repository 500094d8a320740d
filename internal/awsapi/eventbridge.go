package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
)

// EventBridge puts events on a bus.
type EventBridge struct {
	putEvents Operation[eventbridge.PutEventsInput, eventbridge.PutEventsOutput, eventbridge.Options]
}

// NewEventBridge returns a client of cfg.
func NewEventBridge(cfg aws.Config) *EventBridge {
	c := eventbridge.NewFromConfig(cfg)
	return &EventBridge{
		putEvents: c.PutEvents,
	}
}

// PutEvents puts events on a bus.
func (e *EventBridge) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, o ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	return e.putEvents(ctx, in, o...)
}
