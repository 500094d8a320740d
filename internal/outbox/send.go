package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"ephemr/events"
	"ephemr/internal/notify"
	"ephemr/internal/stage"
)

// TopicAPI is the part of SNS that publishes.
type TopicAPI interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// BusAPI sends events, which EventBridge passes on to webhooks.
type BusAPI interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Sender passes messages on to AWS.
type Sender struct {
	Settings stage.Settings
	Topic    TopicAPI
	Bus      BusAPI
	Lineage  *Lineage
}

// outgoing are the messages of a Sending, one for each destination. All addresses are in
// one mail, which also replaces a destination that the stage does not have any more, and
// PagerDuty for messages that nothing would resolve.
func (s *Sender) outgoing(ctx context.Context, of string, x Sending) []Outgoing {
	mail := Outgoing{Of: of, Destination: Mail, Message: x.Message}
	mailed := len(x.To) == 0
	var out []Outgoing
	for _, to := range x.To {
		_, known := s.Settings.Notices.Destinations[to]
		kind, _, _ := strings.Cut(to, ":")
		switch {
		case known && kind == stage.PagerDuty && !x.Message.Incident():
		case known:
			out = append(out, Outgoing{Of: of, Destination: to, Message: x.Message})
			continue
		case strings.Contains(to, ":"):
			slog.ErrorContext(ctx, "destination does not exist in this stage, sent to its topic instead", "destination", to, "messageId", x.Message.ID)
		default:
			mail.Recipients = append(mail.Recipients, to)
		}
		mailed = true
	}
	// Subscribers of the topic get all failures, and when they are over.
	if mailed || x.Message.Kind == notify.Failure || x.Message.Kind == notify.Resolved {
		out = append(out, mail)
	}
	return out
}

func (s *Sender) send(ctx context.Context, o Outgoing) error {
	kind, _, _ := strings.Cut(o.Destination, ":")
	switch kind {
	case Mail:
		return s.mail(ctx, o)
	case stage.Chat:
		return s.chat(ctx, o)
	case stage.OpenLineage:
		return s.Lineage.send(ctx, o)
	case stage.PagerDuty:
		return s.event(ctx, o, o.Message.Pager())
	}
	return s.event(ctx, o, o.Message)
}

func (s *Sender) mail(ctx context.Context, o Outgoing) error {
	attributes, err := attributes(o)
	if err != nil {
		return err
	}
	text := o.Message.Text()
	_, err = s.Topic.Publish(ctx, &sns.PublishInput{
		TopicArn: &s.Settings.Topic, MessageAttributes: attributes, Subject: aws.String(o.Message.Subject()), Message: &text,
	})
	if err != nil {
		return fmt.Errorf("publish message %s: %w", o.Message.ID, err)
	}
	return nil
}

// attributes are what filter policies of subscriptions can match.
func attributes(o Outgoing) (map[string]types.MessageAttributeValue, error) {
	m := o.Message
	out := map[string]types.MessageAttributeValue{}
	for name, value := range map[string]string{
		"messageId": m.ID, "kind": string(m.Kind), "pipeline": m.Pipeline, "team": m.Team, "state": m.State, "class": m.Class, "stage": m.Stage,
	} {
		if value != "" {
			out[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
		}
	}
	if m.NothingToDo {
		out["nothingToDo"] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("true")}
	}
	if len(o.Recipients) > 0 {
		list, err := json.Marshal(o.Recipients)
		if err != nil {
			return nil, fmt.Errorf("encode recipients: %w", err)
		}
		out["recipients"] = types.MessageAttributeValue{DataType: aws.String("String.Array"), StringValue: aws.String(string(list))}
	}
	return out, nil
}

func (s *Sender) chat(ctx context.Context, o Outgoing) error {
	data, err := json.Marshal(o.Message.Chat())
	if err == nil {
		topic := s.Settings.Notices.Destinations[o.Destination]
		_, err = s.Topic.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: aws.String(string(data))})
	}
	if err != nil {
		return fmt.Errorf("publish message %s to %s: %w", o.Message.ID, o.Destination, err)
	}
	return nil
}

// event sends body as an event, which a rule of the stage passes on.
func (s *Sender) event(ctx context.Context, o Outgoing, body any) error {
	var detail []byte
	content, err := json.Marshal(body)
	if err == nil {
		detail, err = json.Marshal(events.Notice{Destination: o.Destination, MessageID: o.Message.ID, Body: content})
	}
	if err != nil {
		return fmt.Errorf("encode message %s: %w", o.Message.ID, err)
	}
	sent, err := s.Bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		EventBusName: &s.Settings.EventBus, Source: aws.String(events.Source),
		DetailType: aws.String(events.TypeNotice), Detail: aws.String(string(detail)),
	}}})
	switch {
	case err != nil:
		return fmt.Errorf("send message %s to %s: %w", o.Message.ID, o.Destination, err)
	case sent.FailedEntryCount > 0:
		i := slices.IndexFunc(sent.Entries, func(e ebtypes.PutEventsResultEntry) bool { return e.ErrorMessage != nil })
		return fmt.Errorf("send message %s to %s: EventBridge refused it: %s", o.Message.ID, o.Destination, aws.ToString(sent.Entries[max(i, 0)].ErrorMessage))
	}
	return nil
}
