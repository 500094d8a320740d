package control

import (
	"ephemr/internal/admission"
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/emr/resize"
	"ephemr/internal/emr/step"
	"ephemr/internal/intake"
	"ephemr/internal/outcome"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// What several functions are built from.

func (w *Wiring) runs() *store.Runs {
	return &store.Runs{DB: w.clients.db(), Table: w.settings.RunsTable}
}

func (w *Wiring) pipelines() *register.Store {
	return &register.Store{DB: w.clients.db(), Table: w.settings.PipelinesTable}
}

func (w *Wiring) clusters() *cluster.Registry {
	return &cluster.Registry{DB: w.clients.db(), Table: w.settings.ClustersTable}
}

func (w *Wiring) pools() *pool.Store {
	return &pool.Store{DB: w.clients.db(), Table: w.settings.ClustersTable}
}

func (w *Wiring) sizes() *resize.Sizes {
	return &resize.Sizes{DB: w.clients.db(), Table: w.settings.ClustersTable}
}

func (w *Wiring) slots() *admission.Slots {
	return &admission.Slots{DB: w.clients.db(), Table: w.settings.ClustersTable}
}

// emr is EMR within the stage's call budget.
func (w *Wiring) emr() *emrapi.Client {
	return emrapi.New(w.clients.emr(), w.clients.db(), w.settings)
}

func (w *Wiring) directory() *discovery.Directory {
	return &discovery.Directory{API: w.clients.cloudMap(), Namespace: w.settings.Namespace, Stage: w.settings.Stage}
}

func (w *Wiring) listing() *cluster.Listing {
	return &cluster.Listing{Registry: w.clusters(), Directory: w.directory()}
}

func (w *Wiring) users() *intake.UserStore {
	return &intake.UserStore{Settings: w.settings, SSM: w.clients.ssm()}
}

func (w *Wiring) finisher() *outcome.Finisher {
	return &outcome.Finisher{
		Settings: w.settings,
		Runs:     w.runs(),
		Slots:    w.slots(),
		Bus:      w.clients.bus(),
		Topic:    w.clients.topic(),
	}
}

func (w *Wiring) admitter() *admission.Admitter {
	return &admission.Admitter{
		Settings: w.settings,
		Runs:     w.runs(),
		Slots:    w.slots(),
		SFN:      w.clients.sfn(),
		Waker:    w.waker(map[string]wait.Look{run.ForAdmission: admission.LookAdmitted}),
	}
}

func (w *Wiring) preparer() *intake.Preparer {
	return &intake.Preparer{
		Settings:  w.settings,
		Runs:      w.runs(),
		Pipelines: w.pipelines(),
		Users:     w.users(),
		Admission: w.admitter(),
	}
}

// waker answers waiters of the given kinds.
func (w *Wiring) waker(looks map[string]wait.Look) *wait.Waker {
	return &wait.Waker{Runs: w.runs(), SFN: w.clients.sfn(), Looks: looks}
}

func (w *Wiring) fitter() *resize.Fitter {
	return &resize.Fitter{
		Stage:    w.settings.Stage,
		Runs:     w.runs(),
		Sizes:    w.sizes(),
		Profiles: w.clients.ssm(),
		EMR:      w.emr(),
	}
}

func (w *Wiring) clusterLooker() *cluster.Looker {
	return &cluster.Looker{Runs: w.runs(), Pools: w.pools(), EMR: w.emr(), Listing: w.listing()}
}

func (w *Wiring) stepLooker() *step.Looker {
	return &step.Looker{
		Runs:       w.runs(),
		EMR:        w.emr(),
		S3:         w.clients.s3(),
		LogsBucket: w.settings.LogsBucket,
		Logs:       w.clients.logs(),
		LogGroup:   w.settings.RunLogGroup,
	}
}

func (w *Wiring) stopper() *step.Stopper {
	s := &step.Stopper{Runs: w.runs(), EMR: w.emr(), Looker: w.stepLooker(), Waker: nil}
	s.Waker = w.waker(map[string]wait.Look{run.ForStop: s.Look})
	return s
}
