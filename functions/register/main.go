// Command register makes a pipeline the current version and brings its triggers in line.
package main

import (
	"context"
	"os"

	"ephemr/internal/awsapi"
	"ephemr/internal/entry"
	"ephemr/internal/register"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	r := &register.Register{
		Settings: settings,
		Store:    &register.Store{DB: awsapi.NewDynamoDB(cfg), Table: settings.PipelinesTable},
		Schedules: &register.Schedules{
			API:    awsapi.NewScheduler(cfg),
			Group:  settings.ScheduleGroup,
			Role:   settings.ScheduleRole,
			Target: settings.EventsQueueARN,
			DLQ:    settings.ScheduleDLQ,
		},
	}
	entry.Start(r.Apply)
}
