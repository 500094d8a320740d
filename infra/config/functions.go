package config

import (
	"slices"
	"strings"
	"time"
)

// Function defines a Lambda function, the same in all stages.
type Function struct {
	Name      string // CreateCluster: the ASL's ${CreateClusterFunction}, built from functions/createcluster
	Timeout   time.Duration
	MemoryMiB int // CPU is in proportion to memory

	// NoIntents marks a function that never writes an intent (run.Cluster.Intent, run.Job.Intent), so that it may run
	// longer than other invocations respect one, which is run.Lease. A test holds all others to that.
	NoIntents bool

	Alarm Alarm // on its errors; default: throttled
}

// Alarm rings when so many invocations have failed within the period. A test proves from the templates that each can.
type Alarm struct {
	Errors int
	Period time.Duration // 0 = that of three sweeps
}

// The alarms. Single errors are normal: a throttled call or a reached limit is an error of the function, which the state
// machine retries.
var (
	throttled = Alarm{Errors: 10, Period: 5 * time.Minute} // of a state whose calls AWS throttles when runs are many
	ofOutcome = Alarm{Errors: 3, Period: 5 * time.Minute}  // one execution makes four attempts
	ofMessage = Alarm{Errors: 3, Period: 5 * time.Minute}  // a message is received every 90 s
	ofTick    = Alarm{Errors: 3, Period: 5 * time.Minute}  // there are five
	ofPeople  = Alarm{Errors: 10, Period: time.Hour}       // a refusal is an error, too, and its caller sees it
	ofSweep   = Alarm{Errors: 2}                           // within the time of three sweeps
)

// attempts are those of a state whose function fails with an unclassified error.
const attempts = 4

// ErrorAlarm is the alarm on the errors of f in a stage.
func (c Config) ErrorAlarm(f Function) Alarm {
	switch a := f.Alarm; {
	case a == Alarm{}:
		a = throttled
		a.Errors = min(a.Errors, attempts*c.Limits.MaxActive) // more are not made in a small stage
		return a
	case a.Period == 0:
		a.Period = 3 * c.Sweep.Every.Std()
		return a
	default:
		return a
	}
}

// memory is enough for every function.
const memory = 256

// functions are all functions of a stage. Those of the state machine end before the TimeoutSeconds of their state.
var functions = []Function{
	{Name: "Intake", Timeout: 15 * time.Second, MemoryMiB: memory, Alarm: ofMessage}, // for a batch of ten messages
	{Name: "Admit", Timeout: 45 * time.Second, MemoryMiB: memory, Alarm: ofTick},
	{Name: "AwaitAdmission", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "PrepareRun", Timeout: 30 * time.Second, MemoryMiB: memory},
	{Name: "CreateCluster", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "SubmitSteps", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "StopSteps", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "TerminateCluster", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "FinishRun", Timeout: 45 * time.Second, MemoryMiB: memory, Alarm: ofOutcome},
	{Name: "Watch", Timeout: 55 * time.Second, MemoryMiB: memory, Alarm: ofTick}, // a tick a minute
	{Name: "Sweep", Timeout: 2 * time.Minute, MemoryMiB: memory, Alarm: ofSweep, NoIntents: true},
	{Name: "Calendar", Timeout: 50 * time.Second, MemoryMiB: memory, Alarm: ofTick}, // a tick a minute
	{Name: "Register", Timeout: 30 * time.Second, MemoryMiB: memory, Alarm: ofPeople},
	{Name: "Control", Timeout: 45 * time.Second, MemoryMiB: memory, Alarm: ofPeople}, // the CLI waits for it
	{Name: "HoldRun", Timeout: 30 * time.Second, MemoryMiB: memory},
	{Name: "Notify", Timeout: 55 * time.Second, MemoryMiB: memory, Alarm: ofTick, NoIntents: true}, // a tick a minute
	{Name: "CheckData", Timeout: 200 * time.Second, MemoryMiB: 2 * memory, NoIntents: true},        // footers of up to 16 MB
	{Name: "CheckSQL", Timeout: 45 * time.Second, MemoryMiB: memory, NoIntents: true},
	{Name: "Publish", Timeout: 30 * time.Second, MemoryMiB: memory},
}

// Functions lists the definitions of all functions.
func Functions() []Function { return slices.Clone(functions) }

// FunctionNamed returns the definition of a function. It panics if there is none.
func FunctionNamed(name string) Function {
	i := slices.IndexFunc(functions, func(f Function) bool { return f.Name == name })
	if i < 0 {
		panic("no function is named " + name)
	}
	return functions[i]
}

// Folder is the function's folder below functions/, and the end of its name on AWS.
func (f Function) Folder() string { return strings.ToLower(f.Name) }
