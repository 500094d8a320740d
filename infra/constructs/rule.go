package constructs

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/constructs-go/constructs/v10"
)

// RuleProps configures a rule: what it matches (Every or EveryMinute, or Source and Types) and
// its target (Function, or Queue).
type RuleProps struct {
	Stage       Stage
	Name        string // without the stage's prefix
	Description string

	Every time.Duration // schedule
	// EveryMinute is a schedule at the beginning of each minute of the clock; Every
	// counts from when the rule was created.
	EveryMinute bool
	Bus         *Bus // nil = the account's default bus
	Source      string
	Types       []string       // detail-types
	Detail      map[string]any // further patterns, nil = any

	Function *Function
	Queue    *Queue
	Dead     *DeadLetters // for events that could not be delivered
}

// NewRule adds a rule that retries delivery to a function for an hour. Older ticks
// and events are useless, as functions read the current state.
func NewRule(scope constructs.Construct, id string, props RuleProps) {
	rule := &awsevents.RuleProps{
		RuleName:    new(props.Stage.Name(props.Name)),
		Description: &props.Description,
	}
	if props.Bus != nil {
		rule.EventBus = props.Bus.resource
	}
	switch {
	case props.EveryMinute:
		rule.Schedule = awsevents.Schedule_Expression(new("cron(* * * * ? *)"))
	case props.Every > 0:
		rule.Schedule = awsevents.Schedule_Rate(awscdk.Duration_Minutes(new(props.Every.Minutes())))
	default:
		rule.EventPattern = props.pattern()
	}
	awsevents.NewRule(scope, &id, rule).AddTarget(props.target(scope, id))
}

func (p RuleProps) pattern() *awsevents.EventPattern {
	pattern := &awsevents.EventPattern{Source: pointers([]string{p.Source}), DetailType: pointers(p.Types)}
	if p.Detail != nil {
		pattern.Detail = &p.Detail
	}
	return pattern
}

func (p RuleProps) target(scope constructs.Construct, id string) awsevents.IRuleTarget {
	if p.Function != nil {
		return awseventstargets.NewLambdaFunction(p.Function.resource, &awseventstargets.LambdaFunctionProps{
			DeadLetterQueue: p.Dead.resource,
			MaxEventAge:     awscdk.Duration_Hours(new(1.0)),
			RetryAttempts:   new(20.0),
		})
	}
	// Uploads must not be lost: 24 hours and 185 attempts, EventBridge's default.
	return awseventstargets.NewSqsQueue(p.Queue.elsewhere(scope, id+"Queue"), &awseventstargets.SqsQueueProps{
		DeadLetterQueue: p.Dead.elsewhere(scope, id+"Dead"),
	})
}

// Bus is the event bus for ephemr's own events.
type Bus struct{ resource awsevents.EventBus }

// NewBus adds the stage's event bus.
func NewBus(scope constructs.Construct, id string, stage Stage) *Bus {
	bus := awsevents.NewEventBus(scope, &id, &awsevents.EventBusProps{EventBusName: new(stage.Bus())})
	put := of("events", "PutEvents")
	denials := stage.denyOthers(scope, put, bus.EventBusArn())
	if stage.EnforceTLS {
		denials = append(denials, denyHTTP(put, bus.EventBusArn()))
	}
	for _, d := range denials {
		// AddToResourcePolicy uses a deprecated property.
		awscdk.NewCfnResource(scope, new(id+d.sid), &awscdk.CfnResourceProps{
			Type:       new("AWS::Events::EventBusPolicy"),
			Properties: &map[string]any{"EventBusName": bus.EventBusName(), "StatementId": d.sid, "Statement": d.document()},
		})
	}
	return &Bus{resource: bus}
}

// Name is the bus's name.
func (b *Bus) Name() *string { return b.resource.EventBusName() }

// GrantPut allows sending events.
func (b *Bus) GrantPut(to Rights) {
	to.allow(statement(of("events", "PutEvents"), []*string{b.resource.EventBusArn()}, nil))
}
