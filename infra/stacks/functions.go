package stacks

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/events"
	"ephemr/infra/config"
	"ephemr/infra/constructs"
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
	// Functions need not know the version: they would change with every commit.
	known.Version = p.code.Version
	constructs.NewParameter(stack, "Settings", stage.ParameterName(p.stage.Stage), "What the CLI knows of stage "+p.stage.Stage,
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

// addRules wakes functions: by our own events, by EMR's and by the clock.
func (p *Platform) addRules(stack awscdk.Stack) {
	admit, watch := p.functions.named("Admit"), p.functions.named("Watch")
	p.rule(stack, "RunFinished", constructs.RuleProps{
		Name: "run-finished", Description: "A finished run makes room for the next",
		Bus: p.bus, Source: events.Source, Types: []string{events.TypeRunFinished}, Function: admit,
	})
	p.rule(stack, "AdmitTick", constructs.RuleProps{
		Name: "admit-tick", Description: "Runs that nobody else admitted", Every: time.Minute, Function: admit,
	})
	p.rule(stack, "ClusterChanged", constructs.RuleProps{
		Name: "cluster-changed", Description: "EMR's hints that somebody may be woken",
		Source: p.stage.EmrEventSource, Types: []string{events.TypeClusterState, events.TypeStepStatus},
		Detail:   map[string]any{"state": events.AwaitedStates},
		Function: watch,
	})
	p.rule(stack, "WatchTick", constructs.RuleProps{
		Name: "watch-tick", Description: "Waiters that no event woke, and deadlines", Every: time.Minute, Function: watch,
	})
	p.rule(stack, "SweepTick", constructs.RuleProps{
		Name: "sweep-tick", Description: "Clusters and runs that nobody owns any more", Every: p.stage.Sweep.Every.Std(), Function: p.functions.named("Sweep"),
	})
}

func (p *Platform) rule(stack awscdk.Stack, id string, props constructs.RuleProps) {
	props.Stage, props.Dead = p.stage, p.targets
	constructs.NewRule(stack, id, props)
}
