// Command finishrun records the outcome of a run and tells of it.
package main

import (
	"context"
	"os"

	"ephemr/internal/admission"
	"ephemr/internal/awsapi"
	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/outcome"
	"ephemr/internal/run/store"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := awsapi.NewDynamoDB(cfg)
	f := &outcome.Finisher{
		Settings: settings,
		Runs:     &store.Runs{DB: db, Table: settings.RunsTable},
		Slots:    &admission.Slots{DB: db, Table: settings.ClustersTable},
		Bus:      awsapi.NewEventBridge(cfg),
		Topic:    awsapi.NewSNS(cfg),
	}
	entry.Start((&intake.Ending{Finisher: f}).Finish)
}
