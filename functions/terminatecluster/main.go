// Command terminatecluster asks EMR to end the clusters of a run, gives them back to their pools, or ends one by hand.
package main

import (
	"context"
	"os"

	"ephemr/internal/awsapi"
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/emr/resize"
	"ephemr/internal/entry"
	"ephemr/internal/run/store"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := awsapi.NewDynamoDB(cfg)
	api := emrapi.New(emrapi.NewOperations(cfg), db, settings)
	t := &cluster.Terminator{
		Stage: settings.Stage,
		Runs:  &store.Runs{DB: db, Table: settings.RunsTable},
		Pools: &pool.Store{DB: db, Table: settings.ClustersTable},
		Sizes: &resize.Fitter{Sizes: &resize.Sizes{DB: db, Table: settings.ClustersTable}, EMR: api},
		EMR:   api,
		Listing: &cluster.Listing{
			Registry:  &cluster.Registry{DB: db, Table: settings.ClustersTable},
			Directory: &discovery.Directory{API: discovery.NewCloudMap(cfg), Namespace: settings.Namespace, Stage: settings.Stage},
		},
	}
	entry.Start(t.Handle)
}
