package awsfake

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	maxMessage = 1 << 20   // SQS
	maxPublish = 256 << 10 // SNS, EventBridge
	maxEntries = 10        // PutEvents
)

// Message is a message that was sent.
type Message struct {
	sqs.SendMessageInput

	ID string
}

// SQS is an in-memory SQS that stores messages.
type SQS struct {
	Control

	// OnSend gets each accepted message and the delay after which its queue delivers it,
	// without any lock held. It must be set before the first call.
	OnSend func(m Message, delay time.Duration)

	mu    sync.Mutex
	sent  map[string][]Message // by queue URL
	count int
}

// NewSQS returns an SQS with empty queues.
func NewSQS(urls ...string) *SQS {
	f := &SQS{Control: newControl("SQS"), sent: map[string][]Message{}}
	for _, u := range urls {
		f.sent[u] = nil
	}
	return f
}

// Messages returns the messages that were sent to a queue and not taken yet.
func (f *SQS) Messages(url string) []Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sent[url])
}

// Take removes and returns all messages of a queue.
func (f *SQS) Take(url string) []Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.sent[url]
	f.sent[url] = nil
	return out
}

// maxDelay is the longest delay of a message, in seconds.
const maxDelay = 900

// SendMessage appends a message to a queue.
func (f *SQS) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return call(ctx, &f.Control, "SendMessage", func() (*sqs.SendMessageOutput, error) {
		m, err := f.send(in)
		if err != nil {
			return nil, err
		}
		if f.OnSend != nil {
			f.OnSend(m, time.Duration(in.DelaySeconds)*time.Second)
		}
		return &sqs.SendMessageOutput{MessageId: &m.ID}, nil
	})
}

func (f *SQS) send(in *sqs.SendMessageInput) (Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	url := aws.ToString(in.QueueUrl)
	if _, ok := f.sent[url]; !ok {
		return Message{}, &sqstypes.QueueDoesNotExist{Message: new("The specified queue does not exist.")}
	}
	if n := len(aws.ToString(in.MessageBody)); n < 1 || n > maxMessage {
		return Message{}, apiError("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be between 1 and 1048576 bytes.")
	}
	if in.DelaySeconds < 0 || in.DelaySeconds > maxDelay {
		return Message{}, apiError("InvalidParameterValue", fmt.Sprintf("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", in.DelaySeconds))
	}
	msg := *in
	msg.MessageAttributes = maps.Clone(in.MessageAttributes)
	f.count++
	m := Message{SendMessageInput: msg, ID: fmt.Sprintf("message-%06d", f.count)}
	f.sent[url] = append(f.sent[url], m)
	return m, nil
}

// EventBridge is an in-memory EventBridge that stores events.
type EventBridge struct {
	Control

	// OnEvent gets each accepted event, without any lock held. It must be set
	// before the first call.
	OnEvent func(ebtypes.PutEventsRequestEntry)

	mu     sync.Mutex
	events []ebtypes.PutEventsRequestEntry
}

// NewEventBridge returns an EventBridge that accepts events for every bus.
func NewEventBridge() *EventBridge { return &EventBridge{Control: newControl("EventBridge")} }

// Events returns all events put so far.
func (f *EventBridge) Events() []ebtypes.PutEventsRequestEntry {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events)
}

// PutEvents accepts up to 10 events, each for itself.
func (f *EventBridge) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	return call(ctx, &f.Control, "PutEvents", func() (*eventbridge.PutEventsOutput, error) {
		if n := len(in.Entries); n < 1 || n > maxEntries {
			return nil, apiError("ValidationException", fmt.Sprintf("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to %d", maxEntries))
		}
		out := &eventbridge.PutEventsOutput{Entries: []ebtypes.PutEventsResultEntry{}}
		for _, e := range in.Entries {
			if code, message := checkEntry(e); code != "" {
				out.FailedEntryCount++
				out.Entries = append(out.Entries, ebtypes.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: &message})
				continue
			}
			f.mu.Lock()
			f.events = append(f.events, e)
			id := fmt.Sprintf("event-%06d", len(f.events))
			f.mu.Unlock()
			out.Entries = append(out.Entries, ebtypes.PutEventsResultEntry{EventId: &id})
			if f.OnEvent != nil {
				f.OnEvent(e)
			}
		}
		return out, nil
	})
}

// checkEntry returns why EventBridge would refuse an event.
func checkEntry(e ebtypes.PutEventsRequestEntry) (code, message string) {
	switch {
	case e.Source == nil || e.DetailType == nil || e.Detail == nil:
		return "InvalidArgument", "Parameter Source, DetailType or Detail is not valid. Reason: it is a required argument."
	case strings.HasPrefix(*e.Source, "aws."):
		return "NotAuthorizedForSourceException", "Not authorized for the source."
	case !json.Valid([]byte(*e.Detail)):
		return "MalformedDetail", "Detail is malformed."
	case len(*e.Detail) > maxPublish:
		return "InvalidArgument", "Total size of the entries in the request is over the limit."
	}
	return "", ""
}

// SNS is an in-memory SNS that stores messages.
type SNS struct {
	Control

	mu        sync.Mutex
	published map[string][]sns.PublishInput // by topic ARN
	count     int
}

// NewSNS returns an SNS with the topics given.
func NewSNS(topics ...string) *SNS {
	f := &SNS{Control: newControl("SNS"), published: map[string][]sns.PublishInput{}}
	for _, t := range topics {
		f.published[t] = nil
	}
	return f
}

// Published returns the messages of a topic.
func (f *SNS) Published(topic string) []sns.PublishInput {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.published[topic])
}

// Publish publishes a message to a topic.
func (f *SNS) Publish(ctx context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	return call(ctx, &f.Control, "Publish", func() (*sns.PublishOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		topic := aws.ToString(in.TopicArn)
		if _, ok := f.published[topic]; !ok {
			return nil, &snstypes.NotFoundException{Message: new("Topic does not exist")}
		}
		if n := len(aws.ToString(in.Message)); n < 1 || n > maxPublish || len(aws.ToString(in.Subject)) > 100 {
			return nil, &snstypes.InvalidParameterException{Message: new("Invalid parameter: message is empty or too long, or subject is longer than 100 characters")}
		}
		f.published[topic] = append(f.published[topic], *in)
		f.count++
		return &sns.PublishOutput{MessageId: new(fmt.Sprintf("notification-%06d", f.count))}, nil
	})
}
