// Command preparerun ties an execution to its run and plans its jobs.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/admission"
	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db, machine := dynamodb.NewFromConfig(cfg), sfn.NewFromConfig(cfg)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	p := &intake.Preparer{
		Settings:  settings,
		Runs:      runs,
		Pipelines: &register.Store{DB: db, Table: settings.PipelinesTable},
		Users:     &intake.UserStore{Settings: settings, SSM: ssm.NewFromConfig(cfg)},
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
