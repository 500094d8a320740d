package stacks

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/events"
	"ephemr/infra/constructs"
	"ephemr/internal/stage"
)

// intakeTimeout is for a batch of ten messages; the queues hide them six
// times as long.
const intakeTimeout = 15 * time.Second

// functions are the platform's functions: the name in lower case is a folder
// of functions/.
type functions struct {
	intake, admit, prepareRun, createCluster, submitSteps, stopSteps, terminateCluster, finishRun, watch, sweep, register, resizeCluster *constructs.Function

	all []*constructs.Function
}

// addFunctions adds the functions and what they read of the stage.
func (p *Platform) addFunctions(stack awscdk.Stack) {
	known := p.settings(stack)
	settings := stack.ToJsonString(object(known), nil)
	// Functions need not know the version: they would change with every commit.
	known.Version = p.code.Version
	constructs.NewParameter(stack, "Settings", stage.ParameterName(p.stage.Stage), "What the CLI knows of stage "+p.stage.Stage,
		stack.ToJsonString(object(known), nil))
	add := func(name string, timeout time.Duration) *constructs.Function {
		fn := constructs.NewFunction(stack, constructs.FunctionProps{
			Stage: p.stage, Alarms: p.alarms, Name: name, Timeout: timeout, Code: p.code, Settings: settings,
		})
		p.functions.all = append(p.functions.all, fn)
		return fn
	}
	// Those of the state machine end before the TimeoutSeconds of their state.
	p.functions.intake = add("Intake", intakeTimeout)
	p.functions.admit = add("Admit", 45*time.Second)
	p.functions.prepareRun = add("PrepareRun", 30*time.Second)
	p.functions.createCluster = add("CreateCluster", 45*time.Second)
	p.functions.submitSteps = add("SubmitSteps", 45*time.Second)
	p.functions.stopSteps = add("StopSteps", 45*time.Second)
	p.functions.terminateCluster = add("TerminateCluster", 45*time.Second)
	p.functions.finishRun = add("FinishRun", 45*time.Second)
	p.functions.watch = add("Watch", 55*time.Second) // a tick a minute
	p.functions.sweep = add("Sweep", 2*time.Minute)
	p.functions.register = add("Register", 30*time.Second)
	p.functions.resizeCluster = add("ResizeCluster", 30*time.Second)

	p.events.Feed(p.functions.intake)
	p.requests.Feed(p.functions.intake)
}

// addRules wakes functions: by our own events, by EMR's and by the clock.
func (p *Platform) addRules(stack awscdk.Stack) {
	f := p.functions
	p.rule(stack, "RunFinished", constructs.RuleProps{
		Name: "run-finished", Description: "A finished run makes room for the next",
		Bus: p.bus, Source: events.Source, Types: []string{events.TypeRunFinished}, Function: f.admit,
	})
	p.rule(stack, "AdmitTick", constructs.RuleProps{
		Name: "admit-tick", Description: "Runs that nobody else admitted", Every: time.Minute, Function: f.admit,
	})
	p.rule(stack, "ClusterChanged", constructs.RuleProps{
		Name: "cluster-changed", Description: "EMR's hints that somebody may be woken",
		Source: p.stage.EmrEventSource, Types: []string{events.TypeClusterState, events.TypeStepStatus},
		Detail:   map[string]any{"state": events.NewsStates},
		Function: f.watch,
	})
	p.rule(stack, "WatchTick", constructs.RuleProps{
		Name: "watch-tick", Description: "Waiters that no event woke, and deadlines", Every: time.Minute, Function: f.watch,
	})
	p.rule(stack, "SweepTick", constructs.RuleProps{
		Name: "sweep-tick", Description: "Clusters and runs that nobody owns any more", Every: p.stage.Sweep.Every.Std(), Function: f.sweep,
	})
}

func (p *Platform) rule(stack awscdk.Stack, id string, props constructs.RuleProps) {
	props.Stage, props.Dead = p.stage, p.targets
	constructs.NewRule(stack, id, props)
}
