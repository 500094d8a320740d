// Command sweep mends what no state machine can promise.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"ephemr/internal/admission"
	"ephemr/internal/entry"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/sweep"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db, bus := dynamodb.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	runs := &run.Store{DB: db, Table: settings.RunsTable}
	s := &sweep.Sweeper{
		Settings: settings,
		Runs:     runs,
		EMR:      emr.NewFromConfig(cfg),
		SFN:      sfn.NewFromConfig(cfg),
		Bus:      bus,
		Finisher: &outcome.Finisher{
			Settings: settings,
			Runs:     runs,
			Slots:    &admission.Slots{DB: db, Table: settings.ClustersTable},
			Bus:      bus,
			Topic:    sns.NewFromConfig(cfg),
		},
	}
	entry.Start(s.Sweep)
}
