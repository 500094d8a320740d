package requests_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/requests"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/stage"
)

// queues are a queue and its dead-letter queue. A message with the body "still
// wrong" is rejected at once and returns to the latter.
type queues struct {
	dead   []types.Message
	hidden map[string]bool // by receipt
	sent   []string        // bodies
}

func letter(run, sender, body string) types.Message {
	attributes := map[string]types.MessageAttributeValue{"runId": {StringValue: &run}, "reason": {StringValue: new("wrong")}}
	if sender != "" {
		attributes["sender"] = types.MessageAttributeValue{StringValue: &sender}
	}
	return types.Message{Body: &body, ReceiptHandle: new(run), MessageAttributes: attributes}
}

func (q *queues) ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range q.dead {
		if !q.hidden[*m.ReceiptHandle] && len(out.Messages) < 10 {
			q.hidden[*m.ReceiptHandle] = true
			out.Messages = append(out.Messages, m)
		}
	}
	return out, nil
}

func (q *queues) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	q.sent = append(q.sent, *in.MessageBody)
	if strings.Contains(*in.MessageBody, "still wrong") {
		q.dead = append(q.dead, letter(fmt.Sprintf("again-%d", len(q.sent)), "AIDAME", *in.MessageBody))
	}
	return &sqs.SendMessageOutput{}, nil
}

func (q *queues) DeleteMessage(_ context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	for i, m := range q.dead {
		if *m.ReceiptHandle == *in.ReceiptHandle {
			q.dead = append(q.dead[:i:i], q.dead[i+1:]...)
			break
		}
	}
	return &sqs.DeleteMessageOutput{}, nil
}

func (q *queues) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	delete(q.hidden, *in.ReceiptHandle)
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

// Requests of others do not run with the identity of the caller by default, and
// a message that is rejected again is not sent twice.
func TestRedrive(t *testing.T) {
	t.Parallel()
	users := stage.Access{Users: []string{"etl"}}
	for name, tt := range map[string]struct {
		access stage.Access
		o      requests.Options
		sent   []string
		err    string
	}{
		"all, without users":     {stage.Access{}, requests.Options{}, []string{"mine", "theirs", "old", "still wrong"}, ""},
		"one":                    {stage.Access{}, requests.Options{Runs: []string{"r-2"}}, []string{"theirs"}, ""},
		"one that is not there":  {stage.Access{}, requests.Options{Runs: []string{"r-9"}}, nil, "run r-9 has no message"},
		"all, with users":        {users, requests.Options{}, []string{"mine", "still wrong"}, "2 messages of others not redriven: they would run with your identity"},
		"one's own, with users":  {users, requests.Options{Runs: []string{"r-1"}}, []string{"mine"}, ""},
		"sent by another user":   {users, requests.Options{Runs: []string{"r-2"}}, nil, "1 message of others not redriven"},
		"of another user, as me": {users, requests.Options{Runs: []string{"r-2"}, AsMe: true}, []string{"theirs"}, ""},
		"as me, without runs":    {users, requests.Options{AsMe: true}, nil, "--as-me requires run ids"},
		"events have no sender":  {users, requests.Options{Events: true}, []string{"mine", "theirs", "old", "still wrong"}, ""},
		"of both users":          {users, requests.Options{Runs: []string{"r-1", "r-2"}}, []string{"mine"}, "1 message of others not redriven"},
		"without a sender":       {users, requests.Options{Runs: []string{"r-3"}}, nil, "1 message of others not redriven"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := &queues{hidden: map[string]bool{}, dead: []types.Message{
				letter("r-1", "AIDAME", "mine"), letter("r-2", "AIDAEVE", "theirs"), letter("r-3", "", "old"), letter("r-4", "AIDAME", "still wrong"),
			}}
			tt.o.Me = "AIDAME"
			err := requests.Redrive(t.Context(), tt.o, &terminal.IO{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, stage.Settings{Access: tt.access}, q)
			if diff := cmp.Diff(tt.sent, q.sent); diff != "" || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%v, sent (-want +got):\n%s", err, diff)
			}
			if len(q.hidden) > len(tt.sent) {
				t.Errorf("hidden from others: %v", q.hidden)
			}
		})
	}
}
