package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/events"
	"ephemr/internal/proof/chaos/evidence"
)

// send sends a request once more: the same bytes every time.
func (r *region) send(ctx context.Context, a *evidence.Request) error {
	switch a.Kind {
	case evidence.ByQueue:
		return r.message(ctx, r.settings.RequestsQueue, fmt.Sprintf(`{"requestId": %q, "pipeline": %q}`, a.ID, a.Pipeline))
	case evidence.Invalid:
		return r.message(ctx, r.settings.RequestsQueue, a.Body)
	case evidence.ByEvent:
		return r.event(ctx, a)
	case evidence.ByUpload:
		return r.upload(ctx, a)
	case evidence.Manual:
		return r.start(ctx, a)
	}
	return fmt.Errorf("send %s: unknown kind %q", a.ID, a.Kind)
}

func (r *region) message(ctx context.Context, queue, body string) error {
	if _, err := r.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body}); err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}

// event sends S3's event of an upload that was never made; S3 may send it twice.
func (r *region) event(ctx context.Context, a *evidence.Request) error {
	if a.Body == "" {
		var d events.ObjectCreated
		d.Bucket.Name, d.Object.Key, d.Object.Size, d.Object.VersionID = r.settings.Lake["raw"], a.ID, 1, "v1"
		detail, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("encode event: %w", err)
		}
		body, err := json.Marshal(events.Envelope{
			ID: a.ID, Source: events.SourceS3, DetailType: events.TypeObjectCreated, Time: time.Now().UTC(), Detail: detail,
		})
		if err != nil {
			return fmt.Errorf("encode event: %w", err)
		}
		a.Body = string(body)
	}
	return r.message(ctx, r.settings.EventsQueue, a.Body)
}

// upload makes an object. Another upload is another version and hence another
// run, so it is made once.
func (r *region) upload(ctx context.Context, a *evidence.Request) error {
	a.Times = 1
	if _, err := r.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: new(r.settings.Lake["raw"]), Key: &a.ID, Body: strings.NewReader(a.ID),
	}); err != nil {
		return fmt.Errorf("upload %s: %w", a.ID, err)
	}
	return nil
}

// start starts an execution manually; there is only one of the same name.
func (r *region) start(ctx context.Context, a *evidence.Request) error {
	out, err := r.sfn.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &r.settings.StateMachine, Name: &a.ID, Input: new(fmt.Sprintf(`{"pipeline": %q}`, a.Pipeline)),
	})
	if _, exists := errors.AsType[*types.ExecutionAlreadyExists](err); exists {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start execution %s: %w", a.ID, err)
	}
	a.Execution = *out.ExecutionArn
	return nil
}
