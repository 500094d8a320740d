// Package simulation runs the whole control plane on fakes: the real handlers
// behind the real wrapping of errors, the real state machine on an interpreter,
// and an EMR whose events come back through watch. Time is virtual: a World must
// live inside a testing/synctest bubble.
package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"ephemr/events"
	"ephemr/internal/access"
	"ephemr/internal/athena"
	"ephemr/internal/control"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/intake"
	"ephemr/internal/job"
	"ephemr/internal/profile"
	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/instant"
	"ephemr/internal/register"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/why"
	"ephemr/statemachines"
)

// Config says how a World differs from one in which everything goes well.
type Config struct {
	Settings func(*stage.Settings)
	Profiles map[string]profile.Profile // beside "small", "ladder" and "wide"

	// How long clusters take; 0 means what awsfake.EMRConfig says.
	Starting, Bootstrapping, Terminating time.Duration
	// Users of the stage, and whether there must be one.
	Users        map[string]access.User
	UserRequired bool
	// Steps says how an attempt of a job goes; nil: it succeeds after a minute.
	Steps func(Attempt) Step
	// BootstrapFails and DiesAfter are those of awsfake.EMRConfig.
	BootstrapFails func(cluster string) bool
	DiesAfter      func(cluster string) time.Duration
	// Protects is that of awsfake.EMRConfig.
	Protects func(cluster string) bool
	// EventDelays says how late each copy of an EMR event comes: none = lost.
	EventDelays func(detailType string) []time.Duration
	// Throttle gives EMR the token buckets of a real account.
	Throttle bool
	// Quotas are those of EMR that AWS has raised, with Throttle.
	Quotas map[string]awsfake.Quota
	// NoTicks leaves out the minute ticks of admit, calendar and watch, and sweep.
	NoTicks bool
	// ExecutionTimeout replaces that of the state machine; 0 = its own.
	ExecutionTimeout time.Duration
	// Instant runs everything on the engine of package instant instead of EMR.
	Instant bool
	// Seed of the jitter of retries.
	Seed uint64
	// Plants says for which attempts results are left that are not their own.
	Plants func(Attempt) bool
	// Table, S3, SQS, EMR and SQL change what functions see of these, to show what happens
	// when a function leaves out what it ought to do.
	Table func(store.DB) store.DB
	S3    func(control.S3API) control.S3API
	SQS   func(intake.QueueAPI) intake.QueueAPI
	EMR   func(function string, api emrapi.API) emrapi.API
	SQL   func(athena.API) athena.API
	// Why changes what says why runs do not run, likewise.
	Why func(*why.Reader)
}

// Attempt names an attempt of a job.
type Attempt struct {
	Cluster string // name
	RunID   string
	Job     string
	Number  int
}

// Step is how an attempt goes. Its zero value succeeds after a minute.
type Step struct {
	Takes    time.Duration // 0 = a minute
	ExitCode int
	Class    job.Class // of the result; an exit code alone means job
	Reason   string
	Outputs  map[string]string
	// Empty writes nothing where the run is to write what it publishes.
	Empty bool
	// Lead is how long before the end of its step the runner leaves its result; 0 = a
	// millisecond.
	Lead time.Duration
	// Deaf does not end when it is interrupted, only when it is killed.
	Deaf bool
	// Leaves is how long the runner takes to end when it is interrupted. EMR reports
	// its step as CANCELLED before.
	Leaves time.Duration
	// Submits says that the program submits a YARN application, which does not end with
	// it: the runner kills it at the end of the attempt, unless the runner was killed.
	Submits bool
	// Silent leaves no result behind, as a runner that was killed. EMR calls
	// the step COMPLETED when ExitCode is 0, FAILED otherwise.
	Silent bool
}

// idle says whether the attempt finds nothing to do, and a runner to say so.
func (s Step) idle() bool { return s.ExitCode == job.NothingToDo && s.Class == "" && !s.Silent }

// World is a stage with everything in it.
type World struct {
	Settings stage.Settings

	DB       *awsfake.DynamoDB
	EMR      *awsfake.EMR
	Instant  *instant.Service
	EC2      *awsfake.EC2
	S3       *awsfake.S3
	SQS      *awsfake.SQS
	SNS      *awsfake.SNS
	Metrics  *awsfake.CloudWatch
	Logs     *awsfake.Logs
	SSM      *awsfake.SSM
	Glue     *awsfake.Glue
	Athena   *awsfake.Athena
	DataZone *awsfake.DataZone
	Secrets  *awsfake.SecretsManager
	Bus      *awsfake.EventBridge
	Lambda   *awsfake.Lambda
	SFN      *awsfake.StepFunctions
	CloudMap *awsfake.ServiceDiscovery
	Engine   *asl.Engine

	Runs      *store.Runs
	Pipelines *register.Store

	ended     func(id string, err error, thrown string) // gets how each invocation ended; nil = panics fail the test
	config    Config
	functions map[string]asl.Function
	sweeps    bool
	life      context.Context //nolint:containedctx // of everything that goes on by itself
	end       context.CancelFunc
	busy      sync.WaitGroup

	mu       sync.Mutex
	calls    map[string]map[string]int // function -> EMR operation -> number
	finished map[string]chan struct{}  // run id -> closed when RunFinished is out
	doomed   map[string]time.Time      // cluster name -> when its instances go
	stopped  map[string]bool           // attempts whose steps were cancelled
	leaves   map[string]time.Duration  // how long attempts take to end when they are interrupted
	told     map[string]job.Spec       // by attempt
	deaf     map[string]bool           // attempts that do not end when they are interrupted
	runners  map[string]bool           // at work, as workerOf names them
	errs     []error
	crashes  map[string]*crash         // by operation
	counts   map[string]int            // of invocations alike
	objects  map[string]string         // key -> event
	dead     []lambdaevents.SQSMessage // that were tried often enough
}

// functionTimeout is that of the functions in the state machine.
const functionTimeout = 45 * time.Second

var deployed = sync.OnceValues(func() (*asl.Machine, error) { return asl.Parse([]byte(statemachines.Run)) })

func machine(timeout time.Duration) (*asl.Machine, error) {
	m, err := deployed()
	if err == nil && timeout > 0 {
		m = m.WithTimeout(timeout)
	}
	return m, err
}

// New builds a World and starts its clocks.
func New(config Config) *World {
	m, err := machine(config.ExecutionTimeout)
	if err != nil {
		panic(fmt.Sprintf("parse the state machine: %v", err))
	}
	w := &World{
		config: config, functions: map[string]asl.Function{}, calls: map[string]map[string]int{},
		finished: map[string]chan struct{}{}, doomed: map[string]time.Time{}, stopped: map[string]bool{}, leaves: map[string]time.Duration{}, deaf: map[string]bool{}, runners: map[string]bool{}, crashes: map[string]*crash{},
		told: map[string]job.Spec{}, counts: map[string]int{}, objects: map[string]string{},
	}
	w.life, w.end = context.WithCancel(context.Background())
	w.Engine = asl.NewEngine(asl.EngineConfig{Seed: config.Seed, LambdaTimeout: functionTimeout, OnChange: w.executionChanged})
	w.Settings = Settings(w.Engine.Deploy(machineName, m, w.functions))
	w.Settings.Access = config.access()
	if config.Settings != nil {
		config.Settings(&w.Settings)
	}
	w.fakes()
	w.wire()
	if !config.NoTicks {
		w.every(time.Minute, "admit", "{}")
		w.every(time.Minute, "calendar", "{}")
		w.every(time.Minute, "notify", `{"detail-type":"Scheduled Event"}`)
		w.every(time.Minute, "watch", `{"detail-type":"Scheduled Event"}`)
		w.batchTick()
		w.sweep()
	}
	return w
}

// sweep has sweep called by its schedule and by events of executions.
func (w *World) sweep() {
	w.sweeps = true
	w.every(5*time.Minute, "sweep", "{}")
}

// executionChanged delivers an event of Step Functions, if its rule matches.
func (w *World) executionChanged(detailType string, detail json.RawMessage) {
	var status events.ExecutionStatus
	if err := json.Unmarshal(detail, &status); err != nil {
		panic(fmt.Sprintf("decode event: %v", err))
	}
	if !w.sweeps || !slices.Contains(events.StoppedStatuses, status.Status) {
		return
	}
	payload, err := json.Marshal(events.Envelope{Source: events.SourceStates, DetailType: detailType, Time: time.Now(), Detail: detail})
	if err != nil {
		panic(fmt.Sprintf("encode event: %v", err))
	}
	w.busy.Go(func() {
		select {
		case <-w.life.Done():
		case <-time.After(time.Second):
			w.async("sweep", payload)
		}
	})
}

// Close ends everything that goes on. A World must be closed within its bubble.
func (w *World) Close() {
	w.end()
	w.EMR.Close()
	w.Engine.Close()
	w.Lambda.Wait()
	w.busy.Wait()
}

// phase keeps ticks away from whole minutes, where everything else happens: what
// comes at the same virtual instant comes in any order.
const phase = 17 * time.Second

// every calls a function again and again.
func (w *World) every(d time.Duration, function, payload string) {
	w.busy.Go(func() {
		next := d - phase
		for {
			select {
			case <-w.life.Done():
				return
			case <-time.After(next):
				w.async(function, json.RawMessage(payload))
			}
			next = d
		}
	})
}

// async calls a function as an event does. Its error is kept for Errors: the
// next tick continues what it left undone.
func (w *World) async(function string, payload json.RawMessage) {
	if w.life.Err() != nil {
		return
	}
	if _, err := w.Invoke(function, payload); err != nil {
		w.mu.Lock()
		w.errs = append(w.errs, fmt.Errorf("%s: %w", function, err))
		w.mu.Unlock()
	}
}
