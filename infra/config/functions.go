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
}

// memory is enough for every function.
const memory = 256

// functions are all functions of a stage. Those of the state machine end before the TimeoutSeconds of their state.
var functions = []Function{
	{Name: "Intake", Timeout: 15 * time.Second, MemoryMiB: memory}, // for a batch of ten messages
	{Name: "Admit", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "PrepareRun", Timeout: 30 * time.Second, MemoryMiB: memory},
	{Name: "CreateCluster", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "SubmitSteps", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "StopSteps", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "TerminateCluster", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "FinishRun", Timeout: 45 * time.Second, MemoryMiB: memory},
	{Name: "Watch", Timeout: 55 * time.Second, MemoryMiB: memory}, // a tick a minute
	{Name: "Sweep", Timeout: 2 * time.Minute, MemoryMiB: memory, NoIntents: true},
	{Name: "Register", Timeout: 30 * time.Second, MemoryMiB: memory},
	{Name: "ResizeCluster", Timeout: 30 * time.Second, MemoryMiB: memory},
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
