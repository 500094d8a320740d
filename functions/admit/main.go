// Command admit starts queued runs while the limits allow.
package main

import (
	"context"
	"os"

	"ephemr/internal/admission"
	"ephemr/internal/awsapi"
	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db, machine := awsapi.NewDynamoDB(cfg), awsapi.NewSFN(cfg)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	waker := &wait.Waker{Runs: runs, SFN: machine, Looks: map[string]wait.Look{run.ForAdmission: admission.LookAdmitted}}
	admitter := &admission.Admitter{
		Settings: settings,
		Runs:     runs,
		Slots:    &admission.Slots{DB: db, Table: settings.ClustersTable},
		SFN:      machine,
		Waker:    waker,
	}
	d := &intake.Door{Admission: admitter, Preparer: &intake.Preparer{Settings: settings, Runs: runs, Admission: admitter}}
	entry.Start(d.Handle)
}
