// Package request sends run requests to the queue of a stage.
package request

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ephemr/events"
	"ephemr/internal/access"
	"ephemr/internal/cli/exit"
	"ephemr/internal/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// QueueAPI sends requests.
type QueueAPI interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Sent is a request that was sent. The id of its run is derived from the request
// and its sender, so it is known before the run exists.
type Sent struct {
	RunID       string    `json:"runId"`
	RequestID   string    `json:"requestId"`
	Pipeline    string    `json:"pipeline"`
	LogicalTime time.Time `json:"logicalTime"`
	RunIDs      []string  `json:"runIds,omitempty"` // of a pipeline with a matrix: one for each combination

	messageID string // of SQS
	sender    string // ours, as SQS reports it
}

// NewID returns a unique request id.
func NewID() string { return "cli-" + strings.ToLower(rand.Text()) }

// Send sends q to the queue at url. It always contains the logical time, so
// that the id of the run does not depend on the time of delivery. The sender is
// the user id of the caller's AWS identity; matrix has the combinations that are requested.
func Send(ctx context.Context, api QueueAPI, url, sender string, q events.Request, logical time.Time, matrix ...map[string]string) (Sent, error) {
	logical = logical.UTC().Truncate(time.Second)
	if !run.IsDate(q.LogicalTime) {
		q.LogicalTime = logical.Format(time.RFC3339)
	}
	body, err := json.Marshal(q)
	if err != nil {
		return Sent{}, fmt.Errorf("encode request for %s: %w", q.Pipeline, err)
	}
	if len(body) > events.MaxRequest {
		return Sent{}, exit.Usage("the request has %d bytes; the maximum is %d: store data in S3 and pass its URI", len(body), events.MaxRequest)
	}
	out, err := api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(string(body))})
	if err != nil {
		return Sent{}, fmt.Errorf("send request for %s: %w", q.Pipeline, err)
	}
	sent := Sent{RequestID: q.RequestID, Pipeline: q.Pipeline, LogicalTime: logical, messageID: aws.ToString(out.MessageId), sender: sender}
	identity := run.OfRequest(sender, q.RequestID)
	sent.RunID = run.ID(q.Pipeline, logical, identity...)
	for i, combination := range matrix {
		id := run.ID(q.Pipeline, logical, run.OfValue(identity, combination)...)
		if i == 0 {
			sent.RunID = id
		}
		if len(combination) > 0 {
			sent.RunIDs = append(sent.RunIDs, id)
		}
	}
	return sent, nil
}

// Caused reports whether r is the run of the request: its own, the one that an
// earlier request of the sender with the same id made, or the record of its
// rejection.
func (s Sent) Caused(r run.Run) bool {
	switch {
	case r.State == run.Rejected:
		return s.rejected(r, r.OfRejection(s.sender, s.RequestID)) || s.messageID != "" && s.rejected(r, run.OfMessage(s.messageID))
	case r.ID == s.RunID:
		return true
	}
	return r.Trigger.Kind == run.ByRequest && r.Trigger.RequestID == s.RequestID && access.Principal(r.Trigger.Sender) == access.Principal(s.sender)
}

// rejected reports whether r is the record of a rejection with an identity. Functions of an
// older version know the message only.
func (s Sent) rejected(r run.Run, identity []string) bool {
	return r.ID == run.ID(r.Pipeline, r.LogicalTime, identity...)
}

// LogicalTime parses the date of a run as intake does; empty is now.
func LogicalTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	t, err := run.ParseLogicalTime(text)
	if err != nil {
		return t, exit.Usage("--date: %w", err)
	}
	return t, nil
}

// Pairs parses key=value arguments of the named flag.
func Pairs(flag string, args []string) (map[string]string, error) {
	if len(args) == 0 {
		return nil, nil
	}
	pairs := make(map[string]string, len(args))
	for _, a := range args {
		key, value, ok := strings.Cut(a, "=")
		if _, twice := pairs[key]; !ok || key == "" || twice {
			return nil, exit.Usage("invalid --%s %q: expected key=value with unique keys", flag, a)
		}
		pairs[key] = value
	}
	return pairs, nil
}
