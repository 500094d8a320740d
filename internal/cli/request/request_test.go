package request_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/events"
	"ephemr/internal/cli/request"
	"ephemr/internal/run"
)

type queue struct{}

func (queue) SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return &sqs.SendMessageOutput{MessageId: aws.String("m-2")}, nil
}

// The record of a rejection is known by the request, whichever of two messages made it, and
// that of an older version by the message.
func TestCausedRejection(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	sent, err := request.Send(t.Context(), queue{}, "url", "AROA:me", events.Request{RequestID: "cli-1", Pipeline: "p"}, at)
	if err != nil {
		t.Fatal(err)
	}
	no := run.Run{Pipeline: "p", State: run.Rejected, LogicalTime: at, Reason: "no", Body: "{}"}
	rejected := func(identity []string) run.Run {
		r := no
		r.ID = run.ID("p", at, identity...)
		return r
	}
	for name, tt := range map[string]struct {
		of   run.Run
		want bool
	}{
		"its own":           {rejected(no.OfRejection("AROA:me", "cli-1")), true},
		"another request's": {rejected(no.OfRejection("AROA:me", "cli-2")), false},
		"another sender's":  {rejected(no.OfRejection("AROB:you", "cli-1")), false},
		"by its message":    {rejected(run.OfMessage("m-2")), true},
		"another message":   {rejected(run.OfMessage("m-1")), false},
	} {
		if got := sent.Caused(tt.of); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
