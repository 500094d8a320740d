package control

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"ephemr/internal/access"
	"ephemr/internal/admission"
	"ephemr/internal/audit"
	"ephemr/internal/backfill"
	"ephemr/internal/calendar"
	"ephemr/internal/capacity"
	"ephemr/internal/emr"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/engine"
	"ephemr/internal/entry"
	"ephemr/internal/follow"
	"ephemr/internal/intake"
	"ephemr/internal/ledger"
	"ephemr/internal/lineage"
	"ephemr/internal/loop"
	"ephemr/internal/operation"
	"ephemr/internal/outcome"
	"ephemr/internal/publish"
	"ephemr/internal/records"
	"ephemr/internal/register"
	"ephemr/internal/result"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/secret"
	"ephemr/internal/secretcheck"
	"ephemr/internal/step"
	"ephemr/internal/wait"
)

// What several functions are built from.

func (w *Wiring) runs() *store.Runs {
	return &store.Runs{DB: w.clients.db(), Table: w.settings.RunsTable}
}

// trail records what people ask for.
func (w *Wiring) trail() *audit.Trail {
	return &audit.Trail{DB: w.clients.db(), Table: w.settings.RunsTable, Caller: entry.Caller}
}

func (w *Wiring) pipelines() *register.Store {
	return &register.Store{DB: w.clients.db(), Table: w.settings.PipelinesTable, Runs: w.settings.RunsTable, Sources: w.settings.SourceBuckets()}
}

func (w *Wiring) calendarStore() *calendar.Store {
	return &calendar.Store{DB: w.clients.db(), Table: w.settings.PipelinesTable, Runs: w.settings.RunsTable}
}

// successes are the successes of runs, which others wait for.
func (w *Wiring) successes() *follow.Store {
	return &follow.Store{DB: w.clients.db(), Table: w.settings.RunsTable, Pipelines: w.settings.PipelinesTable}
}

func (w *Wiring) ledger() *ledger.Store {
	return &ledger.Store{DB: w.clients.db(), Table: w.settings.LedgerTable}
}

func (w *Wiring) manifests() *ledger.Manifests {
	return &ledger.Manifests{S3: w.clients.s3(), Bucket: w.settings.LogsBucket}
}

func (w *Wiring) register() *register.Register {
	return &register.Register{
		Settings: w.settings,
		Engines:  w.catalog(),
		Profiles: &cluster.Profiles{API: w.clients.ssm(), Stage: w.settings.Stage},
		Store:    w.pipelines(),
	}
}

func (w *Wiring) backfills() *backfill.Store {
	return &backfill.Store{DB: w.clients.db(), Table: w.settings.RunsTable, Slots: w.settings.ClustersTable}
}

func (w *Wiring) backfillWorker() *backfill.Worker {
	maker := &intake.Backfiller{Settings: w.settings, Runs: w.runs(), Pipelines: w.pipelines(), Users: w.users(), Engines: w.catalog(), Notices: w.notices()}
	return &backfill.Worker{
		Store:     w.backfills(),
		Runs:      w.runs(),
		Pipelines: w.pipelines(),
		Make:      maker.Make,
		Cancels:   &operation.Remote{Runs: w.runs(), Lambda: w.clients.lambda(), Function: w.settings.ControlFunction},
		Wake:      w.wakeCalendar(),
		Admit:     w.requester().Request,
	}
}

// wakeCalendar has the calendar work on a backfill.
func (w *Wiring) wakeCalendar() func(context.Context, string) error {
	api, function := w.clients.lambda(), w.settings.CalendarFunction
	return func(ctx context.Context, id string) error {
		payload, err := json.Marshal(calendar.Call{Backfill: id})
		if err != nil {
			return fmt.Errorf("encode call for backfill %s: %w", id, err)
		}
		if _, err := api.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, InvocationType: lambdatypes.InvocationTypeEvent, Payload: payload}); err != nil {
			slog.WarnContext(ctx, "cannot invoke calendar: deferred to the next tick", "backfill", id, "error", err.Error())
		}
		return nil
	}
}

func (w *Wiring) slots() *admission.Slots {
	return &admission.Slots{DB: w.clients.db(), Table: w.settings.ClustersTable}
}

func (w *Wiring) gate() *admission.Gate {
	return &admission.Gate{DB: w.clients.db(), Table: w.settings.ClustersTable}
}

func (w *Wiring) secret(key records.Key) *secret.Secret {
	return &secret.Secret{DB: w.clients.db(), Table: w.settings.ClustersTable, Key: key}
}

// emr is EMR within the stage's call budget.
func (w *Wiring) emr() *emrapi.Client {
	return emrapi.New(w.clients.emr(), w.clients.db(), w.settings)
}

// engines are those of the stage.
func (w *Wiring) engines() engine.Set {
	if other := w.clients.engine(); other != nil {
		return engine.Set{Default: other, Profiles: nil}
	}
	return engine.Set{Default: w.onEMR(), Profiles: nil}
}

// catalog is what the engines can do, for functions that run no jobs.
func (w *Wiring) catalog() engine.Catalog {
	if w.clients.engine() != nil {
		return w.engines().Catalog()
	}
	return engine.Catalog{Default: emr.Capabilities, Profiles: nil}
}

// onEMR is the engine EMR on EC2.
func (w *Wiring) onEMR() *emr.Engine {
	return emr.New(emr.Deps{
		Settings: w.settings,
		EMR:      w.emr(),
		Spot:     w.clients.ec2(),
		DB:       w.clients.db(),
		Profiles: w.clients.ssm(),
		CloudMap: w.clients.cloudMap(),
		Results: &result.Reader{
			S3:         w.clients.s3(),
			LogsBucket: w.settings.LogsBucket,
			Logs:       w.clients.logs(),
			LogGroup:   w.settings.RunLogGroup,
		},
		Caller: entry.Caller,
	})
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
		Notices:  w.notices(),
		Lineage:  w.lineage(),

		Publications: nil,
	}
}

// settlingFinisher also ends runs that were publishing.
func (w *Wiring) settlingFinisher() *outcome.Finisher {
	f := w.finisher()
	f.Publications = w.settler()
	return f
}

// lineage writes the OpenLineage events of runs.
func (w *Wiring) lineage() *lineage.Writer {
	return &lineage.Writer{Settings: w.settings, Runs: w.runs(), S3: w.clients.s3(), Outbox: w.notices()}
}

func (w *Wiring) admitter() *admission.Admitter {
	return &admission.Admitter{
		Settings: w.settings,
		Runs:     w.runs(),
		Slots:    w.slots(),
		SFN:      w.clients.sfn(),
		Waker:    w.waker(map[string]wait.Look{run.ForAdmission: admission.LookAdmitted}),
		Finisher: w.finisher(),
	}
}

// requester requests passes of admission.
func (w *Wiring) requester() *admission.Requester {
	return &admission.Requester{Gate: w.gate(), Lambda: w.clients.lambda(), Function: w.settings.AdmitFunction}
}

func (w *Wiring) preparer() *intake.Preparer {
	return &intake.Preparer{
		Settings:  w.settings,
		Runs:      w.runs(),
		Pipelines: w.pipelines(),
		Users:     w.users(),
		Engines:   w.catalog(),
		Admission: w.admitter(),
		Loops:     &loop.Guard{Settings: w.settings, Runs: w.runs()},
		S3:        w.clients.s3(),
		Notices:   w.notices(),
		Secrets: &secretcheck.Checker{
			Secrets:    w.clients.secrets(),
			Parameters: w.clients.parameters(),
			Place:      access.Place{Account: w.settings.Account, Region: w.settings.Region},
		},
		Lineage: w.lineage(),
		Tables:  &publish.Tables{Glue: w.clients.glueReader(), S3: w.clients.s3(), Database: w.settings.Database()},
	}
}

// waker answers waiters of the given kinds.
func (w *Wiring) waker(looks map[string]wait.Look) *wait.Waker {
	return &wait.Waker{Runs: w.runs(), SFN: w.clients.sfn(), Looks: looks}
}

func (w *Wiring) capacityLooker() *capacity.Looker {
	return &capacity.Looker{Runs: w.runs(), Engines: w.engines()}
}

func (w *Wiring) stepLooker() *step.Looker {
	return &step.Looker{Runs: w.runs(), Engines: w.engines(), Lineage: w.lineage()}
}

func (w *Wiring) stopper() *step.Stopper {
	s := &step.Stopper{Runs: w.runs(), Engines: w.engines(), Looker: w.stepLooker(), Waker: nil}
	s.Waker = w.waker(map[string]wait.Look{run.ForStop: s.Look})
	return s
}

// looks are for all kinds of waiters.
func (w *Wiring) looks() map[string]wait.Look {
	return map[string]wait.Look{
		run.ForAdmission: admission.LookAdmitted,
		run.ForCluster:   w.capacityLooker().Look,
		run.ForSteps:     w.stepLooker().Look,
		run.ForStop:      w.stopper().Look,
		run.ForObjects:   w.objects().Look,
		run.ForApproval:  w.approvals().Look,
	}
}
