// Command watch wakes waiting runs when EMR or the minute says that something may have happened.
package main

import (
	"context"
	"os"

	"ephemr/internal/admission"
	"ephemr/internal/awsapi"
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/emr/step"
	"ephemr/internal/entry"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := awsapi.NewDynamoDB(cfg)
	api := emrapi.New(emrapi.NewOperations(cfg), db, settings)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	clusters := &cluster.Registry{DB: db, Table: settings.ClustersTable}
	pools := &pool.Store{DB: db, Table: settings.ClustersTable}
	listing := &cluster.Listing{
		Registry: clusters, Directory: &discovery.Directory{API: discovery.NewCloudMap(cfg), Namespace: settings.Namespace, Stage: settings.Stage},
	}
	ready := &cluster.Looker{Runs: runs, Pools: pools, EMR: api, Listing: listing}
	steps := &step.Looker{
		Runs: runs, EMR: api, S3: awsapi.NewS3(cfg), LogsBucket: settings.LogsBucket,
		Logs: awsapi.NewLogs(cfg), LogGroup: settings.RunLogGroup,
	}
	stop := &step.Stopper{Runs: runs, EMR: api, Looker: steps}
	w := &wait.Watch{
		Waker: &wait.Waker{Runs: runs, SFN: awsapi.NewSFN(cfg), Looks: map[string]wait.Look{
			run.ForAdmission: admission.LookAdmitted,
			run.ForCluster:   ready.Look,
			run.ForSteps:     steps.Look,
			run.ForStop:      stop.Look,
		}},
		Clusters: clusters,
		Pools:    pools,
		Listing:  listing,
		EMR:      api,
		Finisher: &outcome.Finisher{
			Settings: settings, Runs: runs, Slots: &admission.Slots{DB: db, Table: settings.ClustersTable},
			Bus: awsapi.NewEventBridge(cfg), Topic: awsapi.NewSNS(cfg),
		},
	}
	entry.Start(w.Handle)
}
