// Command submitsteps submits the jobs that can start and registers the token that waits for them.
package main

import (
	"context"
	"os"

	"ephemr/internal/awsapi"
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
	db, objects := awsapi.NewDynamoDB(cfg), awsapi.NewS3(cfg)
	api := emrapi.New(emrapi.NewOperations(cfg), db, settings)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	look := &step.Looker{
		Runs: runs, EMR: api, S3: objects, LogsBucket: settings.LogsBucket,
		Logs: awsapi.NewLogs(cfg), LogGroup: settings.RunLogGroup,
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
			Profiles: awsapi.NewSSM(cfg),
			EMR:      api,
		},
		S3:     objects,
		Waker:  &wait.Waker{Runs: runs, SFN: awsapi.NewSFN(cfg), Looks: map[string]wait.Look{run.ForSteps: look.Look}},
		Caller: entry.Caller,
	}
	entry.Start(s.Submit)
}
