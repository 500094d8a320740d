package stacks

import (
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/events"
	"ephemr/infra/config"
	"ephemr/infra/constructs"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// functions are the platform's functions by the names that config.Functions gives them.
type functions map[string]*constructs.Function

func (f functions) named(name string) *constructs.Function {
	fn, ok := f[name]
	if !ok {
		panic("config.Functions defines no function " + name)
	}
	return fn
}

// addFunctions adds the functions and the settings that they and the CLI read.
func (p *Platform) addFunctions(stack awscdk.Stack) {
	known := p.settings(stack)
	settings := stack.ToJsonString(object(known), nil)
	// Functions do not get the version: they would change with every commit.
	known.Version = p.code.Version
	constructs.NewParameter(stack, "Settings", stage.ParameterName(p.stage.Stage), "Settings of stage "+p.stage.Stage+" for the CLI",
		stack.ToJsonString(object(known), nil))
	p.functions = functions{}
	for _, definition := range config.Functions() {
		p.functions[definition.Name] = constructs.NewFunction(stack, constructs.FunctionProps{
			Stage: p.stage, Alarms: p.alarms, Function: definition, Code: p.code, Settings: settings,
		})
	}
	p.events.Feed(p.functions.named("Intake"))
	p.requests.Feed(p.functions.named("Intake"))
}

// addRules invokes functions on our own events, on EMR's events and on schedules. Runs that
// have succeeded are sent to the queue events, where no message is lost.
func (p *Platform) addRules(stack awscdk.Stack) {
	admit, watch := p.functions.named("Admit"), p.functions.named("Watch")
	p.rule(stack, "RunFinished", constructs.RuleProps{
		Name: "run-finished", Description: "Admits queued runs when a run has finished",
		Bus: p.bus, Source: events.Source, Types: []string{events.TypeRunFinished}, Function: admit,
	})
	p.rule(stack, "RunSucceeded", constructs.RuleProps{
		Name: strings.TrimPrefix(p.stage.SucceededRule(), p.stage.Name("")), Description: "Requests the runs of pipelines that wait for others",
		Bus: p.bus, Source: events.Source, Types: []string{events.TypeRunFinished}, Detail: map[string]any{"state": []string{string(run.Succeeded)}},
		Queue: p.events,
	})
	p.rule(stack, "AdmitTick", constructs.RuleProps{
		Name: "admit-tick", Description: "Admits queued runs every minute, in case an event was lost", Every: time.Minute, Function: admit,
	})
	p.rule(stack, "ClusterChanged", constructs.RuleProps{
		Name: "cluster-changed", Description: "Resumes runs that wait for a state of an EMR cluster or step",
		Source: p.stage.EmrEventSource, Types: []string{events.TypeClusterState, events.TypeStepStatus},
		Detail:   map[string]any{"state": events.AwaitedStates},
		Function: watch,
	})
	p.rule(stack, "CapacityMissing", constructs.RuleProps{
		Name: "capacity-missing", Description: "Lets runs try the next fallback when EC2 lacks instances for a cluster",
		Source: p.stage.EmrEventSource, Types: []string{events.TypeProvisioning},
		Detail:   map[string]any{"eventCode": []string{events.CodeInsufficientCapacity}},
		Function: watch,
	})
	p.rule(stack, "WatchTick", constructs.RuleProps{
		Name: "watch-tick", Description: "Safety net for lost events; enforces deadlines", Every: time.Minute, Function: watch,
	})
	p.rule(stack, "ExecutionStopped", constructs.RuleProps{
		Name: "execution-stopped", Description: "Repairs the run of an execution that could not end it",
		Source: events.SourceStates, Types: []string{events.TypeExecution},
		Detail:   map[string]any{"status": events.StoppedStatuses, "stateMachineArn": []*string{p.machine.ARN()}},
		Function: p.functions.named("Sweep"),
	})
	p.rule(stack, "CalendarTick", constructs.RuleProps{
		Name: "calendar-tick", Description: "Requests the runs of schedules", EveryMinute: true, Function: p.functions.named("Calendar"),
	})
	p.rule(stack, "RunEnded", constructs.RuleProps{
		Name: "run-ended", Description: "Sends notices when a run has finished",
		Bus: p.bus, Source: events.Source, Types: []string{events.TypeRunFinished}, Function: p.functions.named("Notify"),
	})
	p.rule(stack, "NotifyTick", constructs.RuleProps{
		Name: "notify-tick", Description: "Sends notices that are due, and repeats those that could not be sent", Every: time.Minute, Function: p.functions.named("Notify"),
	})
	p.rule(stack, "SweepTick", constructs.RuleProps{
		Name: "sweep-tick", Description: "Repairs orphaned clusters and runs", Every: p.stage.Sweep.Every.Std(), Function: p.functions.named("Sweep"),
	})
}

func (p *Platform) rule(stack awscdk.Stack, id string, props constructs.RuleProps) {
	props.Stage, props.Dead = p.stage, p.targets
	constructs.NewRule(stack, id, props)
}
