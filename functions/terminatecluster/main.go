// Command terminatecluster asks EMR to end the clusters of a run.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/cluster"
	"ephemr/internal/entry"
	"ephemr/internal/run"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	t := &cluster.Terminator{
		Runs: &run.Store{DB: dynamodb.NewFromConfig(cfg), Table: settings.RunsTable},
		EMR:  emr.NewFromConfig(cfg),
	}
	entry.Start(t.Terminate)
}
