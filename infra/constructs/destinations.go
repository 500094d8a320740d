package constructs

import (
	"cmp"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/events"
	"ephemr/internal/stage"
)

// pagerDutyURL is that of PagerDuty's Events API v2.
const pagerDutyURL = "https://events.pagerduty.com/v2/enqueue"

// DestinationsProps configures Destinations.
type DestinationsProps struct {
	Stage Stage
	Bus   *Bus
	Dead  *DeadLetters // for messages that EventBridge could not deliver within 24 hours
}

// Destinations are where notices go beside the stage's topic. EventBridge calls webhooks,
// and reads their secrets from a connection: no template contains one.
type Destinations struct {
	names map[string]*string // as in pipeline files -> ARN of the topic of a chat, or ""
	chats []*Topic
}

// NewDestinations adds the destinations of a stage.
func NewDestinations(scope constructs.Construct, id string, props DestinationsProps) *Destinations {
	scope = constructs.NewConstruct(scope, &id)
	d := &Destinations{names: map[string]*string{}}
	notices := props.Stage.Notices
	for _, name := range slices.Sorted(slices.Values(notices.Chats)) {
		topic := newChat(scope, props.Stage, name)
		d.names[stage.Chat+":"+name], d.chats = topic.ARN(), append(d.chats, topic)
	}
	for _, name := range slices.Sorted(maps.Keys(notices.Webhooks)) {
		hook := notices.Webhooks[name]
		d.webhook(scope, props, stage.Webhook, name, hook.URL, &awsevents.ConnectionProps{
			Authorization: awsevents.Authorization_ApiKey(new(cmp.Or(hook.Header, "Authorization")), secretValue(hook.Secret)),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(notices.PagerDuty)) {
		pager := notices.PagerDuty[name]
		d.webhook(scope, props, stage.PagerDuty, name, cmp.Or(pager.URL, pagerDutyURL), &awsevents.ConnectionProps{
			// PagerDuty reads the routing key in the body, and ignores the header that a connection needs.
			Authorization:  awsevents.Authorization_ApiKey(new("X-Routing-Key"), secretValue(pager.Secret)),
			BodyParameters: &map[string]awsevents.HttpParameter{"routing_key": awsevents.HttpParameter_FromSecret(secretValue(pager.Secret))},
		})
	}
	return d
}

func newChat(scope constructs.Construct, s Stage, name string) *Topic {
	s.Emails = nil // people read the chat
	return NewTopic(scope, "Chat-"+name, TopicProps{Stage: s, Name: "chat-" + name})
}

// secretValue is resolved by CloudFormation.
func secretValue(name string) awscdk.SecretValue {
	return awscdk.SecretValue_SecretsManager(&name, nil)
}

// webhook has EventBridge pass on the messages to a destination for 24 hours, its default.
func (d *Destinations) webhook(scope constructs.Construct, props DestinationsProps, kind, name, url string, connection *awsevents.ConnectionProps) {
	id, destination := kind+"-"+name, kind+":"+name
	connection.ConnectionName = new(props.Stage.Name(id))
	target := awsevents.NewApiDestination(scope, new(id), &awsevents.ApiDestinationProps{
		ApiDestinationName: new(props.Stage.Name(id)), Endpoint: &url, HttpMethod: awsevents.HttpMethod_POST, RateLimitPerSecond: new(10.0),
		Connection: awsevents.NewConnection(scope, new(id+"-connection"), connection),
	})
	rule := awsevents.NewRule(scope, new(id+"-rule"), &awsevents.RuleProps{
		RuleName: new(props.Stage.Name(id)), Description: new("Sends notices to " + destination), EventBus: props.Bus.resource,
		EventPattern: &awsevents.EventPattern{
			Source: pointers([]string{events.Source}), DetailType: pointers([]string{events.TypeNotice}),
			Detail: &map[string]any{"destination": []string{destination}},
		},
	})
	rule.AddTarget(awseventstargets.NewApiDestination(target, &awseventstargets.ApiDestinationProps{
		Event: awsevents.RuleTargetInput_FromEventPath(new("$.detail.body")), DeadLetterQueue: props.Dead.resource,
	}))
	d.names[destination] = new("")
}

// Settings are the destinations as functions know them.
func (d *Destinations) Settings() map[string]string {
	all := map[string]string{}
	for name, arn := range d.names {
		all[name] = *arn
	}
	return all
}

// GrantPublish allows publishing to the topics of chats.
func (d *Destinations) GrantPublish(to Rights) {
	for _, topic := range d.chats {
		topic.GrantPublish(to)
	}
}
