// Command sweep mends what no state machine can promise.
package main

import (
	"context"
	"os"

	"ephemr/internal/admission"
	"ephemr/internal/awsapi"
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
	db, bus := awsapi.NewDynamoDB(cfg), awsapi.NewEventBridge(cfg)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	slots := &admission.Slots{DB: db, Table: settings.ClustersTable}
	api := emrapi.New(emrapi.NewOperations(cfg), db, settings)
	directory := &discovery.Directory{API: discovery.NewCloudMap(cfg), Namespace: settings.Namespace, Stage: settings.Stage}
	s := &sweep.Sweeper{
		Settings: settings,
		Runs:     runs,
		Pools:    &pool.Store{DB: db, Table: settings.ClustersTable},
		Sizes:    &resize.Fitter{Sizes: &resize.Sizes{DB: db, Table: settings.ClustersTable}, EMR: api},
		EMR:      api,
		SFN:      awsapi.NewSFN(cfg),
		Bus:      bus,
		Finisher: &outcome.Finisher{
			Settings: settings,
			Runs:     runs,
			Slots:    slots,
			Bus:      bus,
			Topic:    awsapi.NewSNS(cfg),
		},
		Slots:   slots,
		Metrics: awsapi.NewCloudWatch(cfg),

		Directory: directory,
		Listing:   &cluster.Listing{Registry: &cluster.Registry{DB: db, Table: settings.ClustersTable}, Directory: directory},
	}
	entry.Start(s.Sweep)
}
