// Command intake turns events and requests into queued runs.
package main

import (
	"context"
	"os"

	"ephemr/internal/awsapi"
	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/register"
	"ephemr/internal/run/store"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := awsapi.NewDynamoDB(cfg)
	k := &intake.Intake{
		Settings:  settings,
		Runs:      &store.Runs{DB: db, Table: settings.RunsTable},
		Pipelines: &register.Store{DB: db, Table: settings.PipelinesTable},
		Users:     &intake.UserStore{Settings: settings, SSM: awsapi.NewSSM(cfg)},
		SQS:       awsapi.NewSQS(cfg),
		Lambda:    awsapi.NewLambda(cfg),
	}
	entry.Start(k.Handle)
}
