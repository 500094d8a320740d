// Command preparerun ties an execution to its run and plans its jobs.
package main

import (
	"context"
	"os"

	"ephemr/internal/admission"
	"ephemr/internal/awsapi"
	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db, machine := awsapi.NewDynamoDB(cfg), awsapi.NewSFN(cfg)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	p := &intake.Preparer{
		Settings:  settings,
		Runs:      runs,
		Pipelines: &register.Store{DB: db, Table: settings.PipelinesTable},
		Users:     &intake.UserStore{Settings: settings, SSM: awsapi.NewSSM(cfg)},
		Admission: &admission.Admitter{
			Settings: settings,
			Runs:     runs,
			Slots:    &admission.Slots{DB: db, Table: settings.ClustersTable},
			SFN:      machine,
			Waker:    &wait.Waker{Runs: runs, SFN: machine, Looks: map[string]wait.Look{run.ForAdmission: admission.LookAdmitted}},
		},
	}
	entry.Start(p.Prepare)
}
