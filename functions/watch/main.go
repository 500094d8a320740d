// Command watch wakes waiting runs when EMR or the minute says that something may have happened.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"ephemr/internal/admission"
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
	db := dynamodb.NewFromConfig(cfg)
	api := emrapi.New(emr.NewFromConfig(cfg), db, settings)
	runs := &store.Runs{DB: db, Table: settings.RunsTable}
	clusters := &cluster.Registry{DB: db, Table: settings.ClustersTable}
	pools := &pool.Store{DB: db, Table: settings.ClustersTable}
	listing := &cluster.Listing{
		Registry: clusters, Directory: &discovery.Directory{API: discovery.NewClient(cfg), Namespace: settings.Namespace, Stage: settings.Stage},
	}
	ready := &cluster.Looker{Runs: runs, Pools: pools, EMR: api, Listing: listing}
	steps := &step.Looker{
		Runs: runs, EMR: api, S3: s3.NewFromConfig(cfg, entry.PathStyle), LogsBucket: settings.LogsBucket,
		Logs: cloudwatchlogs.NewFromConfig(cfg), LogGroup: settings.RunLogGroup,
	}
	stop := &step.Stopper{Runs: runs, EMR: api, Looker: steps}
	w := &wait.Watch{
		Waker: &wait.Waker{Runs: runs, SFN: sfn.NewFromConfig(cfg), Looks: map[string]wait.Look{
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
			Bus: eventbridge.NewFromConfig(cfg), Topic: sns.NewFromConfig(cfg),
		},
	}
	entry.Start(w.Handle)
}
