// Command resizecluster changes the size of a cluster that runs, or looks how far a change has come.
package main

import (
	"context"
	"os"

	"ephemr/internal/awsapi"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/resize"
	"ephemr/internal/entry"
	"ephemr/internal/run/store"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := awsapi.NewDynamoDB(cfg)
	r := &resize.Resizer{
		Settings: settings,
		Runs:     &store.Runs{DB: db, Table: settings.RunsTable},
		Sizes:    &resize.Sizes{DB: db, Table: settings.ClustersTable},
		Profiles: awsapi.NewSSM(cfg),
		EMR:      emrapi.New(emrapi.NewOperations(cfg), db, settings),
	}
	entry.Start(r.Resize)
}
