// Command resizecluster changes the size of a cluster that runs, or looks how far a change has come.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/resize"
	"ephemr/internal/entry"
	"ephemr/internal/run/store"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := dynamodb.NewFromConfig(cfg)
	r := &resize.Resizer{
		Settings: settings,
		Runs:     &store.Runs{DB: db, Table: settings.RunsTable},
		Sizes:    &resize.Sizes{DB: db, Table: settings.ClustersTable},
		Profiles: ssm.NewFromConfig(cfg),
		EMR:      emrapi.New(emr.NewFromConfig(cfg), db, settings),
	}
	entry.Start(r.Resize)
}
