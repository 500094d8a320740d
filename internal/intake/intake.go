// Package intake turns each event that requests a run into a queued run, once. It
// never calls an engine, so a burst is limited by DynamoDB only. Tested here, by
// statemachines and by internal/proof/simulation.
package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ephemr/internal/admission"
	"ephemr/internal/engine"
	"ephemr/internal/ledger"
	"ephemr/internal/outbox"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/secret"
	"ephemr/internal/stage"
)

// QueueAPI sends invalid messages to a dead-letter queue.
type QueueAPI interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Intake is the intake function.
type Intake struct {
	Settings  stage.Settings
	Runs      *store.Runs
	Pipelines Pipelines
	Users     Users
	Engines   engine.Catalog // what they can do
	SQS       QueueAPI
	Admission *admission.Requester
	Notices   *outbox.Store // report rejected requests to owners of pipelines
	Ledger    *ledger.Store
	Manifests *ledger.Manifests
	S3        ledger.GetAPI  // reads manifests that close batches
	Secret    *secret.Secret // of fingerprints
	After     After
}

// Handle processes a batch of messages from the events or the requests queue. An
// invalid message is recorded as REJECTED and moved to the dead-letter queue; one
// that could not be processed stays in its queue.
func (k *Intake) Handle(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	with := *k
	with.Pipelines = batched{k.Pipelines, map[string]*register.Version{}}
	return with.batch(ctx, batch)
}

// batch is Handle for an Intake that is the batch's own.
func (k *Intake) batch(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	// Not nil: an emulator, and older AWS runtimes, read null as a failed batch.
	response := lambdaevents.SQSEventResponse{BatchItemFailures: []lambdaevents.SQSBatchItemFailure{}}
	var fresh []string
	failed := map[string]bool{}
	fail := func(messageID string, err error) {
		if !failed[messageID] {
			slog.ErrorContext(ctx, "message not processed: left in its queue for another delivery", "messageId", messageID, "error", err.Error())
			response.BatchItemFailures = append(response.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: messageID})
		}
		failed[messageID] = true
	}
	var a arrivals
	for _, m := range batch.Records {
		ids, err := k.message(ctx, m, &a)
		fresh = append(fresh, ids...)
		if err != nil {
			fail(m.MessageId, err)
		}
	}
	fresh = append(fresh, a.runs...)
	for _, g := range a.groups {
		ids, err := k.collect(ctx, g)
		fresh = append(fresh, ids...)
		for id := range g.messages {
			if err != nil {
				fail(id, err)
			}
		}
	}
	if len(fresh) > 0 {
		k.Admission.Request(ctx, fresh...)
	}
	return response, nil
}

// message processes one message and returns the runs to admit.
// Objects of batches are added to a: they are recorded together.
func (k *Intake) message(ctx context.Context, m lambdaevents.SQSMessage, a *arrivals) ([]string, error) {
	requested, err := k.read(ctx, m, a)
	if bad, ok := errors.AsType[*invalidError](err); ok {
		return nil, k.reject(ctx, m, bad)
	}
	if err != nil {
		return nil, err
	}
	var fresh []string
	for _, w := range requested {
		notice, err := report(ctx, k.Pipelines, k.Notices, k.Settings.Stage, w.Run)
		if err != nil {
			return fresh, err
		}
		id, created, err := k.Runs.Create(ctx, w.Run, w.Spec, append(w.With, notice...)...)
		if run.IsRefused(err) {
			return fresh, k.reject(ctx, m, &invalidError{err: err, kind: w.Run.Trigger.Kind, pipeline: w.Run.Pipeline, requestID: w.Run.Trigger.RequestID})
		}
		if err != nil {
			return fresh, err
		}
		if id == "" {
			slog.InfoContext(ctx, "object taken before: ignored", "pipeline", w.Run.Pipeline, "messageId", m.MessageId)
			continue
		}
		if created && w.Run.State == run.Rejected {
			slog.WarnContext(ctx, "request rejected", "runId", id, "messageId", m.MessageId, "reason", w.Run.Reason)
			continue
		}
		if !created {
			slog.InfoContext(ctx, "duplicate message: run exists", "runId", id, "messageId", m.MessageId)
		}
		// An existing run is returned too: the invocation that created it may have
		// died before it could invoke admission.
		fresh = append(fresh, id)
	}
	return fresh, nil
}

// reject records an invalid message and moves it to the dead-letter queue.
func (k *Intake) reject(ctx context.Context, m lambdaevents.SQSMessage, bad *invalidError) error {
	sent := sentAt(m)
	body, hidden, err := redacted(ctx, k.Pipelines, m.Body)
	if err != nil {
		return err
	}
	r := run.Run{
		Pipeline: bad.pipelineOr("rejected"), State: run.Rejected, Class: classOf(bad), Reason: bad.Error(),
		Trigger:     run.Trigger{Kind: bad.kind, RequestID: bad.requestID, Sender: m.Attributes["SenderId"]},
		LogicalTime: sent, RequestedAt: sent, EndedAt: time.Now(), Body: clip(body, 4096),
	}
	identity := run.OfMessage(m.MessageId)
	if logical := namedTime(m); bad.requestID != "" && !logical.IsZero() {
		r.LogicalTime, identity = logical, r.OfRejection(r.Trigger.Sender, bad.requestID)
	}
	r.ID = run.ID(r.Pipeline, r.LogicalTime, identity...)
	notice, err := report(ctx, k.Pipelines, k.Notices, k.Settings.Stage, r)
	if err != nil {
		return err
	}
	if _, _, err := k.Runs.Create(ctx, r, nil, notice...); err != nil {
		return err
	}
	if !hidden { // else the record is all that remains; its sender has to send it again
		if err := k.moveToDLQ(ctx, m, r); err != nil { // the last step: a second call makes a second copy
			return err
		}
	}
	slog.WarnContext(ctx, "request rejected", "runId", r.ID, "messageId", m.MessageId, "reason", r.Reason)
	return nil
}

// namedTime is the logical time that a request names, or zero.
func namedTime(m lambdaevents.SQSMessage) time.Time {
	var q struct{ LogicalTime string }
	_ = json.Unmarshal([]byte(m.Body), &q)            // what is wrong with it is the reason
	logical, _ := run.ParseLogicalTime(q.LogicalTime) // likewise
	return logical
}

func (k *Intake) moveToDLQ(ctx context.Context, m lambdaevents.SQSMessage, r run.Run) error {
	dlq := k.Settings.EventsDLQ
	if k.fromRequests(m) {
		dlq = k.Settings.RequestsDLQ
	}
	attributes := map[string]types.MessageAttributeValue{
		"runId":  {DataType: aws.String("String"), StringValue: &r.ID},
		"reason": {DataType: aws.String("String"), StringValue: aws.String(clip(r.Reason, 1024))},
	}
	if sender := r.Trigger.Sender; sender != "" { // a redrive has another sender
		attributes["sender"] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &sender}
	}
	if _, err := k.SQS.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &dlq, MessageBody: aws.String(m.Body), MessageAttributes: attributes,
	}); err != nil {
		return fmt.Errorf("move message %s to its dead-letter queue: %w", m.MessageId, err)
	}
	return nil
}

// sentAt is when m was sent. It does not change when m is delivered again.
func sentAt(m lambdaevents.SQSMessage) time.Time {
	ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return time.UnixMilli(ms).UTC()
}

// clip shortens s to at most n bytes of valid UTF-8.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
