package control

import (
	"context"
	"encoding/json"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"ephemr/internal/admission"
	"ephemr/internal/backfill"
	"ephemr/internal/budget"
	"ephemr/internal/calendar"
	"ephemr/internal/capacity"
	"ephemr/internal/emr/resize"
	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/operation"
	"ephemr/internal/outcome"
	"ephemr/internal/records"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/step"
	"ephemr/internal/sweep"
	"ephemr/internal/wait"
)

// Handler is what a function does with a payload.
type Handler[In, Out any] = func(context.Context, In) (Out, error)

// Intake turns events and requests into queued runs.
func (w *Wiring) Intake() Handler[lambdaevents.SQSEvent, lambdaevents.SQSEventResponse] {
	return (&intake.Intake{
		Settings:  w.settings,
		Runs:      w.runs(),
		Pipelines: w.pipelines(),
		Users:     w.users(),
		Engines:   w.catalog(),
		SQS:       w.clients.sqs(),
		Admission: w.requester(),
		Notices:   w.notices(),
		Ledger:    w.ledger(),
		Manifests: w.manifests(),
		S3:        w.clients.s3(),
		Secret:    w.secret(records.RequestSecretKey()),
		After:     intake.After{Store: w.successes(), Skips: w.calendarStore(), Followers: w.pipelines()},
	}).Handle
}

// Admit starts queued runs while the limits allow.
func (w *Wiring) Admit() Handler[admission.Input, admission.Output] {
	return (&admission.Coalescer{Admitter: w.admitter(), Gate: w.gate(), Caller: entry.Caller}).Admit
}

// AwaitAdmission registers a manual execution that waits for limits to allow its
// run.
func (w *Wiring) AwaitAdmission() Handler[intake.AwaitRequest, struct{}] {
	return (&intake.Awaiter{
		Runs:      w.runs(),
		Waker:     w.waker(map[string]wait.Look{run.ForAdmission: admission.LookAdmitted}),
		Admission: w.requester(),
	}).Await
}

// PrepareRun associates an execution with its run and plans the run's jobs.
func (w *Wiring) PrepareRun() Handler[intake.Execution, intake.Prepared] {
	return w.preparer().Prepare
}

// CreateCluster creates or leases a run's cluster and registers the task token
// that waits for it.
func (w *Wiring) CreateCluster() Handler[capacity.AcquireInput, struct{}] {
	return (&capacity.Acquirer{
		Settings: w.settings,
		Runs:     w.runs(),
		Engines:  w.engines(),
		Waker:    w.waker(map[string]wait.Look{run.ForCluster: w.capacityLooker().Look}),
	}).Acquire
}

// SubmitSteps submits the jobs that can start and registers the task token that
// waits for them.
func (w *Wiring) SubmitSteps() Handler[step.SubmitInput, struct{}] {
	return (&step.Submitter{
		Settings: w.settings,
		Runs:     w.runs(),
		Engines:  w.engines(),
		S3:       w.clients.s3(),
		Venvs:    &step.Venvs{Secret: w.secret(records.VenvSecretKey())},
		Waker:    w.waker(map[string]wait.Look{run.ForSteps: w.stepLooker().Look}),
		Lineage:  w.lineage(),
		Caller:   entry.Caller,
	}).Submit
}

// StopSteps cancels what a run has on its cluster and registers the task token
// that waits for it to end.
func (w *Wiring) StopSteps() Handler[step.StopInput, struct{}] { return w.stopper().Stop }

// TerminateCluster terminates the clusters of a run or releases their leases.
func (w *Wiring) TerminateCluster() Handler[capacity.ReleaseInput, capacity.ReleaseOutput] {
	return (&capacity.Releaser{Runs: w.runs(), Engines: w.engines()}).Release
}

// FinishRun records the outcome of a run and reports it.
func (w *Wiring) FinishRun() Handler[intake.FinishRequest, outcome.FinishOutput] {
	return (&intake.FinishHandler{Finisher: w.settlingFinisher()}).Finish
}

// Watch wakes waiting runs on EMR's events and on the minute tick.
func (w *Wiring) Watch() Handler[wait.Input, struct{}] {
	return (&wait.Watch{
		Waker:   w.waker(w.looks()),
		Engines: w.engines(),
	}).Handle
}

// Sweep repairs what no state machine can guarantee.
func (w *Wiring) Sweep() Handler[json.RawMessage, sweep.Output] {
	return (&sweep.Sweeper{
		Settings:  w.settings,
		Runs:      w.runs(),
		Pipelines: w.pipelines(),
		Engines:   w.engines(),
		SFN:       w.clients.sfn(),
		Bus:       w.clients.bus(),
		Finisher:  w.settlingFinisher(),
		Slots:     w.slots(),
		Metrics:   w.clients.metrics(),
		Budgets:   &budget.Checker{Settings: w.settings, Runs: w.runs(), Notices: w.notices()},
	}).Sweep
}

// Control carries out the operations that people start.
func (w *Wiring) Control() Handler[json.RawMessage, any] {
	resizer := &resize.Resizer{
		Settings: w.settings,
		Runs:     w.runs(),
		Sizes:    &resize.Sizes{DB: w.clients.db(), Table: w.settings.ClustersTable},
		Profiles: w.clients.ssm(),
		EMR:      w.emr(),
	}
	canceller := &operation.Canceller{Runs: w.runs(), Waker: w.waker(w.looks()), Finisher: w.finisher()}
	redoer := &intake.Redoer{
		Settings:  w.settings,
		Runs:      w.runs(),
		Pipelines: w.pipelines(),
		Users:     w.users(),
		Engines:   w.catalog(),
		Ledger:    w.ledger(),
		Manifests: w.manifests(),
		Admission: w.requester(),
	}
	retrier := &operation.Retrier{Runs: w.runs(), Admission: w.requester(), Restore: redoer.Restore}
	approver := &operation.Approver{Runs: w.runs(), Waker: w.waker(w.looks())}
	feeder := &intake.Feeder{Settings: w.settings, Pipelines: w.pipelines(), SQS: w.clients.sqs()}
	pipelines := &operation.Pipelines{Register: w.register(), Packages: w.clients.s3()}
	deleter := &operation.Deleter{Store: w.pipelines(), Runs: w.runs(), Cancel: canceller.Cancel}
	backfills := &backfill.Controller{Store: w.backfills(), Pipelines: w.pipelines(), Runs: w.runs(), Wake: w.wakeCalendar(), Admit: w.requester().Request}
	return (&operation.Handler{
		Trail: w.trail(),

		Cancel:    operation.Of(canceller.Cancel),
		Approve:   operation.Of(approver.Approve),
		Retry:     operation.Of(retrier.Retry),
		Resize:    operation.Of(resizer.Resize),
		Terminate: operation.Of(w.onEMR().TerminateManually),
		Redo:      operation.Of(redoer.Redo),
		Feed:      operation.Of(feeder.Feed),
		Pause:     operation.Of(pipelines.Pause),
		Resume:    operation.Of(pipelines.Resume),
		Delete:    operation.Of(deleter.Delete),
		Rollback:  operation.Of(pipelines.Rollback),
		Silence:   operation.Of((&operation.Silencer{Store: w.pipelines(), Notices: w.notices()}).Silence),
		Unpublish: operation.Of(w.publisher().Undo),

		Backfill:       operation.Of(backfills.Start),
		PauseBackfill:  operation.Of(backfills.Pause),
		ResumeBackfill: operation.Of(backfills.Resume),
		CancelBackfill: operation.Of(backfills.Cancel),
		RetryBackfill:  operation.Of(backfills.Retry),
	}).Handle
}

// Calendar requests the runs of schedules.
func (w *Wiring) Calendar() Handler[json.RawMessage, calendar.Output] {
	return (&calendar.Calendar{
		Store:     w.calendarStore(),
		Pipelines: w.pipelines(),
		Runs:      w.runs(),
		Cancels:   &operation.Remote{Runs: w.runs(), Lambda: w.clients.lambda(), Function: w.settings.ControlFunction},
		SQS:       w.clients.sqs(),
		Queue:     w.settings.EventsQueue,
		Backfills: w.backfillWorker(),
	}).Tick
}

// Register makes a pipeline the current version with its triggers.
func (w *Wiring) Register() Handler[register.Input, register.Output] {
	return (&operation.Applier{Register: w.register(), Trail: w.trail()}).Apply
}
