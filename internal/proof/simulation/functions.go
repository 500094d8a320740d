package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"ephemr/internal/admission"
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/emr/resize"
	"ephemr/internal/emr/step"
	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/outcome"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/sweep"
	"ephemr/internal/wait"
)

// wire builds every function as its main does.
func (w *World) wire() {
	s := w.Settings
	w.Runs = &store.Runs{DB: w.db(), Table: s.RunsTable}
	w.Pipelines = &register.Store{DB: w.DB, Table: s.PipelinesTable}
	clusters := &cluster.Registry{DB: w.db(), Table: s.ClustersTable}
	directory := &discovery.Directory{API: w.CloudMap, Namespace: s.Namespace, Stage: s.Stage}
	listing := &cluster.Listing{Registry: clusters, Directory: directory}
	pools := &pool.Store{DB: w.db(), Table: s.ClustersTable}
	slots := &admission.Slots{DB: w.db(), Table: s.ClustersTable}
	finisher := &outcome.Finisher{Settings: s, Runs: w.Runs, Slots: slots, Bus: w.Bus, Topic: w.SNS}
	admitter := &admission.Admitter{Settings: s, Runs: w.Runs, Slots: slots, SFN: w.SFN, Waker: w.waker(run.ForAdmission, admission.LookAdmitted)}
	users := &intake.UserStore{Settings: s, SSM: w.SSM}
	preparer := &intake.Preparer{Settings: s, Runs: w.Runs, Pipelines: w.Pipelines, Users: users, Admission: admitter}

	serve(w, "intake", (&intake.Intake{Settings: s, Runs: w.Runs, Pipelines: w.Pipelines, Users: users, SQS: w.SQS, Lambda: w.Lambda}).Handle)
	serve(w, "admit", (&intake.Door{Admission: admitter, Preparer: preparer}).Handle)
	serve(w, "preparerun", preparer.Prepare)
	serve(w, "createcluster", (&cluster.Creator{
		Settings: s, Runs: w.Runs, Clusters: clusters, Pools: pools, EMR: w.emr("createcluster"), Profiles: w.SSM, Caller: entry.Caller,
		Waker: w.waker(run.ForCluster, (&cluster.Looker{Runs: w.Runs, Pools: pools, EMR: w.emr("createcluster"), Listing: listing}).Look),
	}).Create)
	serve(w, "submitsteps", (&step.Submitter{
		Settings: s, Runs: w.Runs, Pools: pools, EMR: w.emr("submitsteps"), Sizes: w.fitter("submitsteps"), S3: w.S3, Caller: entry.Caller,
		Waker: w.waker(run.ForSteps, w.stepLooker("submitsteps").Look),
	}).Submit)
	stopper := w.stopper("stopsteps")
	stopper.Waker = w.waker(run.ForStop, stopper.Look)
	serve(w, "stopsteps", stopper.Stop)
	serve(w, "terminatecluster", (&cluster.Terminator{Stage: s.Stage, Runs: w.Runs, Pools: pools, Sizes: w.fitter("terminatecluster"), EMR: w.emr("terminatecluster"), Listing: listing}).Handle)
	serve(w, "finishrun", (&intake.Ending{Finisher: finisher}).Finish)
	serve(w, "watch", (&wait.Watch{
		Clusters: clusters, Pools: pools, EMR: w.emr("watch"), Finisher: finisher, Listing: listing,
		Waker: &wait.Waker{Runs: w.Runs, SFN: w.SFN, Looks: map[string]wait.Look{
			run.ForAdmission: admission.LookAdmitted,
			run.ForCluster:   (&cluster.Looker{Runs: w.Runs, Pools: pools, EMR: w.emr("watch"), Listing: listing}).Look,
			run.ForSteps:     w.stepLooker("watch").Look,
			run.ForStop:      w.stopper("watch").Look,
		}},
	}).Handle)
	serve(w, "sweep", (&sweep.Sweeper{
		Settings: s, Runs: w.Runs, Pools: pools, Sizes: w.fitter("sweep"), EMR: w.emr("sweep"), SFN: w.SFN, Bus: w.Bus, Finisher: finisher, Slots: slots, Metrics: w.Metrics,
		Directory: directory, Listing: listing,
	}).Sweep)
	serve(w, "resizecluster", (&resize.Resizer{Settings: s, Runs: w.Runs, Sizes: w.sizes(), Profiles: w.SSM, EMR: w.emr("resizecluster")}).Resize)
	serve(w, "register", (&register.Register{
		Settings: s, Store: w.Pipelines,
		Schedules: &register.Schedules{API: w.Scheduler, Group: s.ScheduleGroup, Role: s.ScheduleRole, Target: s.EventsQueueARN, DLQ: s.ScheduleDLQ},
	}).Apply)

	for name, function := range map[string]string{
		"PrepareRunFunction": "preparerun", "AdmitFunction": "admit", "CreateClusterFunction": "createcluster",
		"SubmitStepsFunction": "submitsteps", "StopStepsFunction": "stopsteps", "TerminateClusterFunction": "terminatecluster", "FinishRunFunction": "finishrun",
	} {
		w.functions[name] = w.functions[function]
	}
	w.Lambda.Register("admit", w.functions["admit"])
}

// fitter gives clusters what jobs want of them, on behalf of a function.
func (w *World) fitter(function string) *resize.Fitter {
	return &resize.Fitter{Stage: w.Settings.Stage, Runs: w.Runs, Sizes: w.sizes(), Profiles: w.SSM, EMR: w.emr(function)}
}

func (w *World) sizes() *resize.Sizes {
	return &resize.Sizes{DB: w.db(), Table: w.Settings.ClustersTable}
}

// db is the tables as functions see them.
func (w *World) db() store.DB {
	if w.config.Table != nil {
		return w.config.Table(w.DB)
	}
	return w.DB
}

func (w *World) waker(kind string, look wait.Look) *wait.Waker {
	return &wait.Waker{Runs: w.Runs, SFN: w.SFN, Looks: map[string]wait.Look{kind: look}}
}

func (w *World) stepLooker(function string) *step.Looker {
	return &step.Looker{Runs: w.Runs, EMR: w.emr(function), S3: w.S3, LogsBucket: w.Settings.LogsBucket, Logs: w.Logs, LogGroup: w.Settings.RunLogGroup}
}

func (w *World) stopper(function string) *step.Stopper {
	return &step.Stopper{Runs: w.Runs, EMR: w.emr(function), Looker: w.stepLooker(function)}
}

// crashed is thrown by a process that dies in the middle of a call.
type crashed struct{ op string }

// serve makes a handler a function: what the state machine sees is what it
// would see of the Lambda.
func serve[In, Out any](w *World, name string, h func(context.Context, In) (Out, error)) {
	wrapped := entry.Wrap(h)
	w.functions[name] = func(ctx context.Context, payload json.RawMessage) (reply json.RawMessage, err error) {
		defer func() {
			if c, ok := recover().(crashed); ok {
				reply, err = nil, messages.InvokeResponse_Error{Type: "Runtime.ExitError", Message: "crashed in " + c.op}
			}
		}()
		ctx = context.WithValue(ctx, life{}, ctx)
		out, err := wrapped(lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: w.requestID(name, payload)}), payload)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}
}

// life is the key of a function's whole time in the contexts of its calls, some
// of which have less.
type life struct{}

func lives(ctx context.Context) bool {
	whole, ok := ctx.Value(life{}).(context.Context)
	return ok && whole.Err() == nil
}

// requestID names an invocation by what it is asked: those that come at the same
// instant have the same names whichever is first.
func (w *World) requestID(name string, payload []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(payload)
	id := fmt.Sprintf("%s-%x", name, h.Sum64())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[id]++
	return fmt.Sprintf("%s-%d", id, w.counts[id])
}

// Invoke calls a function by the name of its folder.
func (w *World) Invoke(function string, payload json.RawMessage) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.life), time.Minute)
	defer cancel()
	return w.functions[function](ctx, payload)
}

// Crash kills the function that makes the next call of an operation, written
// like "EMR:RunJobFlow": before the call or, with after, when it has had its
// effect.
func (w *World) Crash(op string, after bool) { w.CrashAt(op, 0, after) }

// CrashAt is Crash for the call after n others.
func (w *World) CrashAt(op string, n int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crashes[op] = &crash{skip: n, after: after}
}

// crash is where a process is going to die.
type crash struct {
	skip  int
	after bool
}

func (w *World) maybeCrash(op string, after bool) {
	w.mu.Lock()
	c := w.crashes[op]
	hit := c != nil && c.after == after && c.skip == 0
	if hit {
		delete(w.crashes, op)
	} else if c != nil && c.after == after {
		c.skip--
	}
	w.mu.Unlock()
	if hit {
		panic(crashed{op})
	}
}
