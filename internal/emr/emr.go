// Package emr is the engine EMR on EC2: a run's capacity is a cluster, its own or
// a share of one that a pool keeps, and attempts of jobs are steps. Nothing
// outside of this directory knows EMR's API, but for the laptop's own EMR
// (internal/local) and what only proves (internal/proof).
package emr

import (
	"context"

	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/emr/repair"
	"ephemr/internal/emr/resize"
	"ephemr/internal/emr/step"
	"ephemr/internal/engine"
	"ephemr/internal/job"
	"ephemr/internal/result"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Engine is EMR on EC2.
type Engine struct {
	*cluster.Manager
	*step.Steps
	*repair.Repairer
}

// Deps are what the Engine is built from.
type Deps struct {
	Settings stage.Settings
	EMR      emrapi.API // within the call budget
	Spot     cluster.SpotAPI
	DB       store.DB
	Profiles cluster.ParameterAPI
	CloudMap discovery.API
	Results  *result.Reader
	Caller   func(context.Context) string // names the invocation, for intents
}

// New builds the Engine.
func New(d Deps) *Engine {
	table := d.Settings.ClustersTable
	runs := &store.Runs{DB: d.DB, Table: d.Settings.RunsTable}
	pools := &pool.Store{DB: d.DB, Table: table}
	scaler := &resize.TaskScaler{Stage: d.Settings.Stage, Runs: runs, Sizes: &resize.Sizes{DB: d.DB, Table: table}, Profiles: d.Profiles, EMR: d.EMR}
	directory := &discovery.Directory{API: d.CloudMap, Namespace: d.Settings.Namespace, Stage: d.Settings.Stage}
	registration := &cluster.Registration{Registry: &cluster.Registry{DB: d.DB, Table: table}, Directory: directory}
	return &Engine{
		Manager: &cluster.Manager{
			Settings: d.Settings, Runs: runs, Pools: pools, EMR: d.EMR, Spot: d.Spot, Profiles: d.Profiles, Sizes: scaler, Registration: registration, Caller: d.Caller,
		},
		Steps: &step.Steps{Region: d.Settings.Region, EMR: d.EMR, Pools: pools, Sizes: scaler, Results: d.Results},
		Repairer: &repair.Repairer{
			Stage: d.Settings.Stage, Runs: runs, Pools: pools, Sizes: scaler, EMR: d.EMR, Directory: directory, Registration: registration,
		},
	}
}

var (
	_ engine.Engine   = (*Engine)(nil)
	_ engine.Listener = (*Engine)(nil)
)

// Capabilities are all that pipelines can ask for.
var Capabilities = engine.Capabilities{JobTypes: job.Types(), Pools: true, Resize: true, Users: true}

// Capabilities of the engine.
func (*Engine) Capabilities() engine.Capabilities { return Capabilities }
