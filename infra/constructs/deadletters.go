package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
)

// DeadLettersProps configures DeadLetters.
type DeadLettersProps struct {
	Stage  Stage
	Alarms *Alarms
	Name   string // without the stage's prefix
}

// DeadLetters is a dead-letter queue. It needs manual attention: any message
// triggers its alarm.
type DeadLetters struct {
	name     string
	resource awssqs.Queue
}

// NewDeadLetters adds a dead-letter queue and its alarm.
func NewDeadLetters(scope constructs.Construct, id string, props DeadLettersProps) *DeadLetters {
	scope = constructs.NewConstruct(scope, &id)
	queue := newQueue(scope, "Queue", props.Stage, props.Name, &awssqs.QueueProps{
		RetentionPeriod: awscdk.Duration_Days(new(14.0)), // the maximum
	})
	props.Alarms.atLeast(scope, "Any", props.Name, "Messages in dead-letter queue "+props.Stage.Name(props.Name)+": delivery or processing failed.",
		1, queue.MetricApproximateNumberOfMessagesVisible(maximum(1)))
	return &DeadLetters{name: props.Stage.Name(props.Name), resource: queue}
}

// URL is the queue's URL.
func (d *DeadLetters) URL() *string { return d.resource.QueueUrl() }

// GrantSend allows sending messages to the queue.
func (d *DeadLetters) GrantSend(to Rights) {
	to.allow(statement(of("sqs", "SendMessage"), []*string{d.resource.QueueArn()}, nil))
}

// Accept allows EventBridge to send events that it could not deliver for rule.
func (d *DeadLetters) Accept(rule *string) { accept(d.resource, rule) }

func (d *DeadLetters) elsewhere(scope constructs.Construct, id string) awssqs.IQueue {
	return byName(scope, id, d.name)
}
