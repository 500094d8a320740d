// Command stopsteps ends what a run has on its cluster and registers the token that waits for it.
package main

import (
	"context"
	"os"

	"ephemr/internal/awsapi"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/step"
	"ephemr/internal/entry"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := awsapi.NewDynamoDB(cfg)
	api := emrapi.New(emrapi.NewOperations(cfg), db, settings)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	s := &step.Stopper{
		Runs: runs, EMR: api,
		Looker: &step.Looker{
			Runs: runs, EMR: api, S3: awsapi.NewS3(cfg), LogsBucket: settings.LogsBucket,
			Logs: awsapi.NewLogs(cfg), LogGroup: settings.RunLogGroup,
		},
	}
	s.Waker = &wait.Waker{Runs: runs, SFN: awsapi.NewSFN(cfg), Looks: map[string]wait.Look{run.ForStop: s.Look}}
	entry.Start(s.Stop)
}
