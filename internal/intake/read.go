package intake

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/events"
	"ephemr/internal/ledger"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// NewRun is a run to create, with its pipeline.
type NewRun struct {
	Run  run.Run
	Spec *pipeline.Spec
	With []types.TransactWriteItem // written together with it
}

// invalidError is the sender's fault: it is recorded and not retried.
type invalidError struct {
	err       error
	kind      string // of the trigger
	pipeline  string
	requestID string
}

func (e *invalidError) Error() string { return e.err.Error() }
func (e *invalidError) Unwrap() error { return e.err }

// pipelineOr is the pipeline of the rejected run.
func (e *invalidError) pipelineOr(name string) string {
	if pipeline.ValidName(e.pipeline) {
		return e.pipeline
	}
	return name
}

func invalid(kind, format string, args ...any) *invalidError {
	return &invalidError{kind: kind, err: fmt.Errorf(format, args...)}
}

// fromRequests reports whether m is from the requests queue.
func (k *Intake) fromRequests(m lambdaevents.SQSMessage) bool {
	name := k.Settings.RequestsQueue[strings.LastIndexByte(k.Settings.RequestsQueue, '/')+1:]
	return strings.HasSuffix(m.EventSourceARN, ":"+name)
}

// read returns the runs that m requests; there may be none.
func (k *Intake) read(ctx context.Context, m lambdaevents.SQSMessage, a *arrivals) ([]NewRun, error) {
	if k.fromRequests(m) {
		return k.request(ctx, m)
	}
	var kind struct {
		Kind       string          `json:"kind"`
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal([]byte(m.Body), &kind); err != nil {
		return nil, invalid("event", "read event: %w", err)
	}
	switch kind.Kind {
	case events.KindSchedule:
		return k.schedule(ctx, m)
	case events.KindBatch:
		return nil, k.batchDue(ctx, m, a)
	case events.KindObjects:
		return k.listed(ctx, m, a)
	}
	switch [2]string{kind.Source, kind.DetailType} {
	case [2]string{events.SourceS3, events.TypeObjectCreated}:
		return k.upload(ctx, m, a)
	case [2]string{events.SourceEvents, events.TypeScheduled}:
		return nil, k.tick(ctx, a)
	case [2]string{events.Source, events.TypeRunFinished}:
		return k.finished(ctx, kind.Detail)
	}
	if wrapped := envelope([]byte(m.Body)); wrapped != "" {
		return nil, invalid("event", "read event: %s", wrapped)
	}
	return nil, invalid("event", "unsupported event: source %q, detail-type %q", clip(kind.Source, 80), clip(kind.DetailType, 80))
}

// maxRequestID is the maximum number of characters of a request's id.
const maxRequestID = 128

func (k *Intake) request(ctx context.Context, m lambdaevents.SQSMessage) ([]NewRun, error) {
	q, err := decodeRequest(m)
	if err != nil {
		return nil, err
	}
	fail := func(err error) error { return invalidRequest(q, err) }
	request, object, err := k.runRequest(q, m)
	if err != nil {
		return nil, fail(err)
	}
	w, err := request.NewRuns(ctx, k.Settings, k.Pipelines, k.Users, k.Engines)
	for i := range w {
		if w[i].Run.Fingerprint, err = k.fingerprint(ctx, q, w[i].Run.Secrets); err != nil {
			return nil, err
		}
	}
	if err == nil && q.Object != nil {
		err = k.give(w, object)
	}
	return w, markInvalid(err, fail)
}

// decodeRequest returns the request that a message has, if it has an id.
func decodeRequest(m lambdaevents.SQSMessage) (events.Request, error) {
	var q events.Request
	if len(m.Body) > events.MaxRequest {
		return q, invalid(run.ByRequest, "the request has %d bytes, more than the %d allowed; store the data in S3 and send its address",
			len(m.Body), events.MaxRequest)
	}
	if wrapped := envelope([]byte(m.Body)); wrapped != "" {
		return q, invalid(run.ByRequest, "read request: %s", wrapped)
	}
	if err := pipeline.DecodeJSON([]byte(m.Body), &q); err != nil {
		// What can be read says whose request it was.
		_ = json.Unmarshal([]byte(m.Body), &q)
		return q, invalidRequest(q, fmt.Errorf("read request: %w", err))
	}
	if n := utf8.RuneCountInString(q.RequestID); n == 0 || n > maxRequestID {
		return q, invalidRequest(q, fmt.Errorf("requestId must have 1 to 128 characters, has %d", n))
	}
	return q, nil
}

// invalidRequest is the error of a request that cannot become a run.
func invalidRequest(q events.Request, err error) error {
	return &invalidError{err: err, kind: run.ByRequest, pipeline: q.Pipeline, requestID: clip(q.RequestID, maxRequestID)}
}

// runRequest returns what q asks for, and the object that q is about, if any.
func (k *Intake) runRequest(q events.Request, m lambdaevents.SQSMessage) (request RunRequest, object ledger.Object, err error) {
	logical, err := logicalTime(q.LogicalTime, sentAt(m))
	if err != nil {
		return request, object, err
	}
	request = RunRequest{
		Pipeline: q.Pipeline, User: q.User, Params: q.Params, Logical: logical, IsDate: run.IsDate(q.LogicalTime), Priority: q.Priority, RequestedAt: sentAt(m),
		Trigger:  run.Trigger{Kind: run.ByRequest, RequestID: q.RequestID, Sender: m.Attributes["SenderId"]},
		Identity: run.OfRequest(m.Attributes["SenderId"], q.RequestID),
	}
	if len(q.Spec) > 0 {
		if request.Spec, err = k.adHocSpec(q); err != nil {
			return request, object, err
		}
		request.Pipeline = request.Spec.Name
	}
	if q.Object != nil {
		if object, err = objectOf(*q.Object, sentAt(m)); err != nil {
			return request, object, err
		}
		request.Trigger.Bucket, request.Trigger.Key, request.Trigger.Version, request.Trigger.Size = object.Bucket, object.Key, object.Version, object.Size
	}
	return request, object, nil
}

// give has each of the runs take an object, also if another has taken it.
func (k *Intake) give(runs []NewRun, o ledger.Object) error {
	for i, w := range runs {
		given, err := k.Ledger.Give(ledger.Entry{Object: o, Pipeline: w.Run.Pipeline, At: time.Now().UTC(), Runs: []string{w.Run.ID}})
		if err != nil {
			return err
		}
		runs[i].With = append(runs[i].With, given)
	}
	return nil
}

// adHocSpec is the pipeline that is part of a request.
func (k *Intake) adHocSpec(q events.Request) (*pipeline.Spec, error) {
	spec, err := pipeline.ParseJSON(q.Spec, pipeline.WithZones(k.zones()...), pipeline.WithVars(slices.Collect(maps.Keys(k.Settings.Vars))...), pipeline.AdHoc())
	if err != nil {
		return nil, fmt.Errorf("read spec of request %s: %w", q.RequestID, err)
	}
	for _, j := range spec.Jobs {
		if j.Package == nil { // fail before a cluster is created
			return nil, fmt.Errorf("job %s of request %s has no package; use ephemr submit", j.Name, q.RequestID)
		}
	}
	return &spec, nil
}

// fingerprint is a digest of a request without its id, from which the values of
// sensitive params cannot be guessed.
func (k *Intake) fingerprint(ctx context.Context, q events.Request, secrets map[string]string) (string, error) {
	q.RequestID = ""
	var sum []byte
	if len(secrets) > 0 {
		values, err := json.Marshal(secrets)
		if err != nil {
			return "", fmt.Errorf("encode sensitive params: %w", err)
		}
		if sum, err = k.Secret.MAC(ctx, values); err != nil {
			return "", err
		}
		q.Params = maps.Clone(q.Params)
		maps.DeleteFunc(q.Params, func(name, _ string) bool { _, ok := secrets[name]; return ok })
	}
	data, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("encode request: %w", err)
	}
	return run.Digest(string(data) + hex.EncodeToString(sum)), nil
}

// markInvalid wraps err with fail if it is the sender's fault.
func markInvalid(err error, fail func(error) error) error {
	if IsInvalid(err) {
		return fail(err)
	}
	return err
}

func (k *Intake) schedule(ctx context.Context, m lambdaevents.SQSMessage) ([]NewRun, error) {
	var tick events.ScheduleTick
	if err := json.Unmarshal([]byte(m.Body), &tick); err != nil {
		return nil, invalid(run.BySchedule, "read schedule tick: %w", err)
	}
	planned, err := time.Parse(time.RFC3339, tick.ScheduledTime)
	if err != nil {
		return nil, invalid(run.BySchedule, "read schedule tick of %s: scheduledTime: %w", tick.Pipeline, err)
	}
	request := RunRequest{
		Pipeline: tick.Pipeline, Params: tick.Params, Logical: planned, Priority: tick.Priority, RequestedAt: sentAt(m),
		Trigger: run.Trigger{Kind: run.BySchedule, Schedule: tick.Schedule}, Dated: true, Due: true,
	}
	if tick.After != "" {
		if request.After, err = time.Parse(time.RFC3339, tick.After); err != nil {
			return nil, invalid(run.BySchedule, "read schedule tick of %s: after: %w", tick.Pipeline, err)
		}
	}
	w, err := request.NewRuns(ctx, k.Settings, k.Pipelines, k.Users, k.Engines)
	return w, markInvalid(err, func(err error) error {
		return &invalidError{err: err, kind: run.BySchedule, pipeline: tick.Pipeline}
	})
}

func (k *Intake) zones() []string {
	var zones []string
	for z := range k.Settings.Lake {
		zones = append(zones, z)
	}
	slices.Sort(zones)
	return zones
}
