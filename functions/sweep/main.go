// Command sweep mends what no state machine can promise.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"ephemr/internal/admission"
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/emr/resize"
	"ephemr/internal/entry"
	"ephemr/internal/outcome"
	"ephemr/internal/run/store"
	"ephemr/internal/sweep"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db, bus := dynamodb.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	slots := &admission.Slots{DB: db, Table: settings.ClustersTable}
	api := emrapi.New(emr.NewFromConfig(cfg), db, settings)
	directory := &discovery.Directory{API: discovery.NewClient(cfg), Namespace: settings.Namespace, Stage: settings.Stage}
	s := &sweep.Sweeper{
		Settings: settings,
		Runs:     runs,
		Pools:    &pool.Store{DB: db, Table: settings.ClustersTable},
		Sizes:    &resize.Fitter{Sizes: &resize.Sizes{DB: db, Table: settings.ClustersTable}, EMR: api},
		EMR:      api,
		SFN:      sfn.NewFromConfig(cfg),
		Bus:      bus,
		Finisher: &outcome.Finisher{
			Settings: settings,
			Runs:     runs,
			Slots:    slots,
			Bus:      bus,
			Topic:    sns.NewFromConfig(cfg),
		},
		Slots:   slots,
		Metrics: cloudwatch.NewFromConfig(cfg),

		Directory: directory,
		Listing:   &cluster.Listing{Registry: &cluster.Registry{DB: db, Table: settings.ClustersTable}, Directory: directory},
	}
	entry.Start(s.Sweep)
}
