package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Logs reads log streams.
type Logs struct {
	getLogEvents Operation[cloudwatchlogs.GetLogEventsInput, cloudwatchlogs.GetLogEventsOutput, cloudwatchlogs.Options]
}

// NewLogs returns a client of cfg.
func NewLogs(cfg aws.Config) *Logs {
	c := cloudwatchlogs.NewFromConfig(cfg)
	return &Logs{
		getLogEvents: c.GetLogEvents,
	}
}

// GetLogEvents reads events of a log stream.
func (l *Logs) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput, o ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	return l.getLogEvents(ctx, in, o...)
}
