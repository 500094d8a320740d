package constructs

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
)

// QueueProps configures a Queue.
type QueueProps struct {
	Stage   Stage
	Alarms  *Alarms
	Name    string        // without the stage's prefix
	Timeout time.Duration // of the function that reads it
}

// Queue is read by one function. A message that fails five times moves to the
// dead-letter queue, which has an alarm.
type Queue struct {
	Dead     *DeadLetters
	name     string
	stage    Stage
	timeout  time.Duration
	resource awssqs.Queue
}

// maxReceive is the number of attempts; Lambda's guide recommends at least 5.
const maxReceive = 5

// NewQueue adds a queue, its dead-letter queue and their alarms.
func NewQueue(scope constructs.Construct, id string, props QueueProps) *Queue {
	scope = constructs.NewConstruct(scope, &id)
	dead := NewDeadLetters(scope, "Dead", DeadLettersProps{Stage: props.Stage, Alarms: props.Alarms, Name: props.Name + "-dlq"})
	queue := newQueue(scope, "Queue", props.Stage, props.Name, &awssqs.QueueProps{
		// Six times the function's timeout, as Lambda's guide recommends: it
		// may retry a throttled batch.
		VisibilityTimeout: awscdk.Duration_Seconds(new(6 * props.Timeout.Seconds())),
		RetentionPeriod:   awscdk.Duration_Days(new(4.0)),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: dead.resource, MaxReceiveCount: new(float64(maxReceive))},
	})
	props.Alarms.atLeast(scope, "Late", props.Name+"-late", "Messages are older than 15 minutes: intake fails or is overloaded.",
		15*60, queue.MetricApproximateAgeOfOldestMessage(maximum(5)))
	return &Queue{name: props.Stage.Name(props.Name), stage: props.Stage, timeout: props.Timeout, resource: queue, Dead: dead}
}

// Feed makes the queue the event source of fn, in batches of up to ten messages.
func (q *Queue) Feed(fn *Function) {
	if fn.timeout > q.timeout {
		panic(fmt.Sprintf("visibility timeout of the queue of %s is too short for a timeout of %s", fn.Name, fn.timeout))
	}
	fn.resource.AddEventSource(awslambdaeventsources.NewSqsEventSource(q.resource, &awslambdaeventsources.SqsEventSourceProps{
		BatchSize:               new(10.0),
		MaxConcurrency:          new(float64(q.stage.Intake.MaxConcurrency)),
		ReportBatchItemFailures: new(true),
	}))
}

// GrantSend allows sending messages to the queue.
func (q *Queue) GrantSend(to Rights) {
	to.allow(statement(of("sqs", "SendMessage"), []*string{q.resource.QueueArn()}, nil))
}

// URL is the queue's URL.
func (q *Queue) URL() *string { return q.resource.QueueUrl() }

// Accept allows EventBridge to deliver for the rule with the ARN rule. Rules of
// later stacks are passed here too, because a queue has only one policy.
func (q *Queue) Accept(rule *string) { accept(q.resource, rule) }

func accept(queue awssqs.Queue, rule *string) {
	queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:    pointers(of("sqs", "SendMessage")),
		Resources:  &[]*string{queue.QueueArn()},
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(new("events.amazonaws.com"), nil)},
		Conditions: conditions{"ArnEquals": {"aws:SourceArn": rule}}.props(),
	}))
}

// elsewhere is a reference for another stack, which must not change the queue's policy.
func (q *Queue) elsewhere(scope constructs.Construct, id string) awssqs.IQueue {
	return byName(scope, id, q.name)
}

func byName(scope constructs.Construct, id, name string) awssqs.IQueue {
	return awssqs.Queue_FromQueueArn(scope, &id, arn(scope, "sqs", name))
}

func newQueue(scope constructs.Construct, id string, stage Stage, name string, props *awssqs.QueueProps) awssqs.Queue {
	props.QueueName = new(stage.Name(name))
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	props.EnforceSSL = &stage.EnforceTLS
	props.RemovalPolicy = stage.removal()
	queue := awssqs.NewQueue(scope, &id, props)
	for _, d := range stage.denyOthers(scope, of("sqs", "*"), queue.QueueArn()) {
		queue.AddToResourcePolicy(d.statement())
	}
	return queue
}
