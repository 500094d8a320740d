// Package control wires the control plane: it has one method per function that
// builds the function's handler. The functions' mains call it with AWS's
// clients, the simulation with fakes, so that both run the same wiring.
//
// A function links the clients that its method asks for, and no others: they are
// made when they are first asked for, and the methods that make them are not
// exported, so that Go's linker drops those that are not called (see package
// awsapi). For the same reason a Wiring must not be converted to an interface.
package control

import (
	"context"

	"ephemr/internal/admission"
	"ephemr/internal/athena"
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/engine"
	"ephemr/internal/entry"
	"ephemr/internal/hold"
	"ephemr/internal/iceberg"
	"ephemr/internal/intake"
	"ephemr/internal/outbox"
	"ephemr/internal/outcome"
	"ephemr/internal/publish"
	"ephemr/internal/result"
	"ephemr/internal/run/store"
	"ephemr/internal/secretcheck"
	"ephemr/internal/stage"
	"ephemr/internal/step"
	"ephemr/internal/sweep"
	"ephemr/internal/wait"
)

// Deps is everything that functions are built from.
type Deps struct {
	Settings stage.Settings
	DB       store.DB
	EMR      emrapi.API // without the call budget, which the wiring adds
	EC2      cluster.SpotAPI
	S3       S3API
	SFN      SFNAPI
	SSM      SSMAPI
	SQS      intake.QueueAPI
	Lambda   admission.InvokeAPI
	Bus      outcome.BusAPI
	Topic    outbox.TopicAPI
	Metrics  sweep.MetricAPI
	Logs     result.LogsAPI
	CloudMap discovery.API
	Glue     GlueAPI
	Athena   athena.API
	DataZone outbox.DataZoneAPI

	Secrets      secretcheck.SecretsAPI
	SecretValues outbox.SecretsAPI
	Parameters   secretcheck.ParametersAPI

	Engine engine.Engine // that runs jobs; nil = EMR on EC2
}

// S3API is the part of S3 that functions call.
type S3API interface {
	result.GetAPI
	step.PutAPI
	hold.ListAPI
}

// GlueAPI is the part of the Data Catalog that functions call.
type GlueAPI interface {
	publish.GlueAPI
	iceberg.TablesAPI
}

// SFNAPI is the part of Step Functions that functions call.
type SFNAPI interface {
	admission.StartAPI
	sweep.ExecutionAPI
	wait.TokenAPI
}

// SSMAPI is the part of Parameter Store that functions call.
type SSMAPI interface {
	cluster.ParameterAPI
	intake.ParametersAPI
}

// Wiring builds the handlers of functions.
type Wiring struct {
	settings stage.Settings
	clients  clients
}

// New returns a Wiring with the given dependencies, of which only Engine may be missing.
func New(d Deps) *Wiring { return &Wiring{settings: d.Settings, clients: given{d}} }

// Dial returns a Wiring of the stage that the environment names, with AWS's
// clients. It ends the process if there is no configuration.
func Dial(ctx context.Context, getenv func(string) string) *Wiring {
	cfg, settings := entry.Boot(ctx, getenv)
	return &Wiring{settings: settings, clients: &dialed{cfg: cfg}}
}
