package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/events"
	"ephemr/internal/fault"
	"ephemr/internal/ledger"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// listed returns the runs that objects start which a listing has shown and no event has
// reported. Those of batches are added to a.
func (k *Intake) listed(ctx context.Context, m lambdaevents.SQSMessage, a *arrivals) ([]NewRun, error) {
	var fed events.Objects
	if err := json.Unmarshal([]byte(m.Body), &fed); err != nil {
		return nil, invalid(run.ByS3, "read objects: %w", err)
	}
	var all []NewRun
	for _, x := range fed.Objects {
		o, err := objectOf(x, sentAt(m))
		if err != nil {
			return nil, &invalidError{err: err, kind: run.ByS3, pipeline: fed.Pipeline}
		}
		some, err := k.listedObject(ctx, m, fed.Pipeline, o, a)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (k *Intake) listedObject(ctx context.Context, m lambdaevents.SQSMessage, pipelineName string, o ledger.Object, a *arrivals) ([]NewRun, error) {
	entries, err := k.Ledger.Entries(ctx, o.Bucket, o.Key, pipelineName)
	if err != nil || ledger.Has(entries, pipelineName, o) {
		return nil, err
	}
	watchers, err := k.watching(ctx, k.Settings.TriggerSource(o.Bucket), o)
	if err != nil {
		return nil, err
	}
	for _, w := range watchers {
		switch {
		case w.Pipeline != pipelineName:
		case w.Trigger.Batch != nil:
			a.add(m.MessageId, w, o)
		default:
			return k.ofObject(ctx, w, o, sentAt(m))
		}
	}
	return nil, nil
}

// objectOf reads an object that a person or a listing names.
func objectOf(x events.Object, fallback time.Time) (ledger.Object, error) {
	bucket, key, err := ledger.Parse(x.URI)
	if err != nil {
		return ledger.Object{}, err
	}
	o := ledger.Object{Bucket: bucket, Key: key, Version: x.Version, ETag: strings.Trim(x.ETag, `"`), Size: x.Size, Time: fallback}
	if x.Time != "" {
		if o.Time, err = time.Parse(time.RFC3339, x.Time); err != nil {
			return o, fmt.Errorf("object %s: invalid time %q (example: 2006-01-02T15:04:05Z)", x.URI, x.Time)
		}
	}
	return o, nil
}

// Feeder gives objects to intake that no event has reported. It is an operation of the
// control function.
type Feeder struct {
	Settings  stage.Settings
	Pipelines Pipelines
	SQS       QueueAPI
}

// Limits of a FeedRequest.
const (
	MaxFeed    = 500
	perMessage = 40
)

// FeedRequest gives objects to a pipeline.
type FeedRequest struct {
	Pipeline string          `json:"pipeline"`
	Objects  []events.Object `json:"objects"` // at most MaxFeed
}

// Feed sends the objects to the events queue. Those that the pipeline has taken, and
// those that its triggers do not match, start nothing there.
func (f *Feeder) Feed(ctx context.Context, in FeedRequest) (struct{}, error) {
	var none struct{}
	v, err := f.Pipelines.Current(ctx, in.Pipeline)
	switch {
	case err != nil:
		return none, err
	case v == nil:
		return none, fault.New(fault.InvalidInput, "pipeline %q is not known; ephemr apply registers it", clip(in.Pipeline, 80))
	case len(in.Objects) == 0 || len(in.Objects) > MaxFeed:
		return none, fault.New(fault.InvalidInput, "%d objects; send 1 to %d", len(in.Objects), MaxFeed)
	}
	if err := f.validate(in.Objects); err != nil {
		return none, fault.New(fault.InvalidInput, "%w", err)
	}
	return none, f.send(ctx, in)
}

// validate checks that the objects are in buckets whose objects can start runs.
func (f *Feeder) validate(objects []events.Object) error {
	var errs []error
	for _, x := range objects {
		o, err := objectOf(x, time.Now())
		if err == nil && f.Settings.TriggerSource(o.Bucket) == "" {
			err = fmt.Errorf("object %s: bucket %q is neither a zone of the lake nor a source of the stage", x.URI, o.Bucket)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// send sends the objects to the events queue, several in each message.
func (f *Feeder) send(ctx context.Context, in FeedRequest) error {
	for len(in.Objects) > 0 {
		n := min(perMessage, len(in.Objects))
		body, err := json.Marshal(events.Objects{Kind: events.KindObjects, Pipeline: in.Pipeline, Objects: in.Objects[:n]})
		if err != nil {
			return fmt.Errorf("encode objects: %w", err)
		}
		if _, err := f.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &f.Settings.EventsQueue, MessageBody: aws.String(string(body))}); err != nil {
			return fmt.Errorf("send objects to pipeline %s: %w", in.Pipeline, err)
		}
		in.Objects = in.Objects[n:]
	}
	return nil
}
