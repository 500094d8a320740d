// Command submitsteps submits the jobs that can start and registers the token that waits for them.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/emr/resize"
	"ephemr/internal/emr/step"
	"ephemr/internal/entry"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db, objects := dynamodb.NewFromConfig(cfg), s3.NewFromConfig(cfg, entry.PathStyle)
	api := emrapi.New(emr.NewFromConfig(cfg), db, settings)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	look := &step.Looker{
		Runs: runs, EMR: api, S3: objects, LogsBucket: settings.LogsBucket,
		Logs: cloudwatchlogs.NewFromConfig(cfg), LogGroup: settings.RunLogGroup,
	}
	s := &step.Submitter{
		Settings: settings,
		Runs:     runs,
		Pools:    &pool.Store{DB: db, Table: settings.ClustersTable},
		EMR:      api,
		Sizes: &resize.Fitter{
			Stage:    settings.Stage,
			Runs:     runs,
			Sizes:    &resize.Sizes{DB: db, Table: settings.ClustersTable},
			Profiles: ssm.NewFromConfig(cfg),
			EMR:      api,
		},
		S3:     objects,
		Waker:  &wait.Waker{Runs: runs, SFN: sfn.NewFromConfig(cfg), Looks: map[string]wait.Look{run.ForSteps: look.Look}},
		Caller: entry.Caller,
	}
	entry.Start(s.Submit)
}
