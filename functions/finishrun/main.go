// Command finishrun records the outcome of a run and tells of it.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"ephemr/internal/admission"
	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/outcome"
	"ephemr/internal/run/store"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := dynamodb.NewFromConfig(cfg)
	f := &outcome.Finisher{
		Settings: settings,
		Runs:     &store.Runs{DB: db, Table: settings.RunsTable},
		Slots:    &admission.Slots{DB: db, Table: settings.ClustersTable},
		Bus:      eventbridge.NewFromConfig(cfg),
		Topic:    sns.NewFromConfig(cfg),
	}
	entry.Start((&intake.Ending{Finisher: f}).Finish)
}
