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
	Timeout time.Duration // of the function that will read it
}

// Queue is read by one function; what that cannot handle five times goes to
// the dead-letter queue, and somebody is told.
type Queue struct {
	Dead     *DeadLetters
	name     string
	stage    Stage
	timeout  time.Duration
	resource awssqs.Queue
}

// maxReceive is how often a message is tried; Lambda's own guide asks for 5.
const maxReceive = 5

// NewQueue adds a queue, its dead-letter queue and their alarms.
func NewQueue(scope constructs.Construct, id string, props QueueProps) *Queue {
	scope = constructs.NewConstruct(scope, &id)
	dead := NewDeadLetters(scope, "Dead", DeadLettersProps{Stage: props.Stage, Alarms: props.Alarms, Name: props.Name + "-dlq"})
	queue := newQueue(scope, "Queue", props.Stage, props.Name, &awssqs.QueueProps{
		// Six times the function's timeout, as Lambda's guide asks: a batch
		// may be retried while it is throttled.
		VisibilityTimeout: awscdk.Duration_Seconds(new(6 * props.Timeout.Seconds())),
		RetentionPeriod:   awscdk.Duration_Days(new(4.0)),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: dead.resource, MaxReceiveCount: new(float64(maxReceive))},
	})
	props.Alarms.atLeast(scope, "Late", props.Name+"-late", "Messages wait for more than 15 minutes: intake is broken or overrun.",
		15*60, queue.MetricApproximateAgeOfOldestMessage(maximum(5)))
	return &Queue{name: props.Stage.Name(props.Name), stage: props.Stage, timeout: props.Timeout, resource: queue, Dead: dead}
}

// Feed lets fn read the queue, ten messages at a time.
func (q *Queue) Feed(fn *Function) {
	if fn.timeout > q.timeout {
		panic(fmt.Sprintf("queue of %s is not visible long enough for %s", fn.Name, fn.timeout))
	}
	fn.resource.AddEventSource(awslambdaeventsources.NewSqsEventSource(q.resource, &awslambdaeventsources.SqsEventSourceProps{
		BatchSize:               new(10.0),
		MaxConcurrency:          new(float64(q.stage.Intake.MaxConcurrency)),
		ReportBatchItemFailures: new(true),
	}))
}

// ARN is the queue's address.
func (q *Queue) ARN() *string { return q.resource.QueueArn() }

// URL is where messages are sent to.
func (q *Queue) URL() *string { return q.resource.QueueUrl() }

// Accept lets EventBridge deliver for the rule named rule. Rules of later
// stacks are named here because a queue has one policy only.
func (q *Queue) Accept(rule *string) { accept(q.resource, rule) }

func accept(queue awssqs.Queue, rule *string) {
	queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:    pointers(of("sqs", "SendMessage")),
		Resources:  &[]*string{queue.QueueArn()},
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(new("events.amazonaws.com"), nil)},
		Conditions: conditions{"ArnEquals": {"aws:SourceArn": rule}}.props(),
	}))
}

// elsewhere is the queue as another stack knows it: its policy stays here.
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
	return awssqs.NewQueue(scope, &id, props)
}
