// Command stopsteps ends what a run has on its cluster and registers the token that waits for it.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/step"
	"ephemr/internal/entry"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := dynamodb.NewFromConfig(cfg)
	api := emrapi.New(emr.NewFromConfig(cfg), db, settings)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	s := &step.Stopper{
		Runs: runs, EMR: api,
		Looker: &step.Looker{
			Runs: runs, EMR: api, S3: s3.NewFromConfig(cfg, entry.PathStyle), LogsBucket: settings.LogsBucket,
			Logs: cloudwatchlogs.NewFromConfig(cfg), LogGroup: settings.RunLogGroup,
		},
	}
	s.Waker = &wait.Waker{Runs: runs, SFN: sfn.NewFromConfig(cfg), Looks: map[string]wait.Look{run.ForStop: s.Look}}
	entry.Start(s.Stop)
}
