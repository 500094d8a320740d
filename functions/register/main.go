// Command register makes a pipeline the current version and brings its triggers in line.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"ephemr/internal/entry"
	"ephemr/internal/register"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	r := &register.Register{
		Settings: settings,
		Store:    &register.Store{DB: dynamodb.NewFromConfig(cfg), Table: settings.PipelinesTable},
		Schedules: &register.Schedules{
			API:    scheduler.NewFromConfig(cfg),
			Group:  settings.ScheduleGroup,
			Role:   settings.ScheduleRole,
			Target: settings.EventsQueueARN,
			DLQ:    settings.ScheduleDLQ,
		},
	}
	entry.Start(r.Apply)
}
