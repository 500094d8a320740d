// Command createcluster gets a run its cluster and registers the token that waits for it.
package main

import (
	"context"
	"os"

	"ephemr/internal/awsapi"
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
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
	clusters := &cluster.Registry{DB: db, Table: settings.ClustersTable}
	pools := &pool.Store{DB: db, Table: settings.ClustersTable}
	look := &cluster.Looker{Runs: runs, Pools: pools, EMR: api, Listing: &cluster.Listing{
		Registry: clusters, Directory: &discovery.Directory{API: discovery.NewCloudMap(cfg), Namespace: settings.Namespace, Stage: settings.Stage},
	}}
	c := &cluster.Creator{
		Settings: settings,
		Runs:     runs,
		Clusters: clusters,
		Pools:    pools,
		EMR:      api,
		Profiles: awsapi.NewSSM(cfg),
		Waker:    &wait.Waker{Runs: runs, SFN: awsapi.NewSFN(cfg), Looks: map[string]wait.Look{run.ForCluster: look.Look}},
		Caller:   entry.Caller,
	}
	entry.Start(c.Create)
}
