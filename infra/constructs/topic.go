package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
)

// TopicProps configures a Topic.
type TopicProps struct {
	Stage Stage
	Name  string // without the stage's prefix
}

// Topic notifies the stage's e-mail addresses.
type Topic struct{ resource awssns.Topic }

// NewTopic adds a topic. It is not encrypted with a KMS key: alarms cannot publish
// with the AWS managed key, and messages contain no data of the lake.
func NewTopic(scope constructs.Construct, id string, props TopicProps) *Topic {
	topic := awssns.NewTopic(scope, &id, &awssns.TopicProps{
		TopicName:  new(props.Stage.Name(props.Name)),
		EnforceSSL: &props.Stage.EnforceTLS,
	})
	for _, d := range props.Stage.denyOthers(scope, of("sns", "Publish", "Subscribe"), topic.TopicArn()) {
		topic.AddToResourcePolicy(d.statement())
	}
	for _, address := range props.Stage.Emails {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&address, nil))
	}
	return &Topic{resource: topic}
}

// ARN is the topic's ARN.
func (t *Topic) ARN() *string { return t.resource.TopicArn() }

// GrantPublish allows publishing.
func (t *Topic) GrantPublish(to Rights) {
	to.allow(statement(of("sns", "Publish"), []*string{t.ARN()}, nil))
}

// allowAlarms allows this account's alarms to publish. The topic's policy, which
// requires TLS, replaces the default policy that would allow it.
func (t *Topic) allowAlarms() {
	t.resource.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:    pointers(of("sns", "Publish")),
		Resources:  &[]*string{t.ARN()},
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(new("cloudwatch.amazonaws.com"), nil)},
		Conditions: conditions{"StringEquals": {"aws:SourceAccount": awscdk.Stack_Of(t.resource).Account()}}.props(),
	}))
}
