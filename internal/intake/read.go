package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"ephemr/events"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// Wanted is a run to be written, with the pipeline it keeps.
type Wanted struct {
	Run  run.Run
	Spec *pipeline.Spec
}

// invalidError is the sender's fault: it is recorded and never retried.
type invalidError struct {
	err       error
	kind      string // of the trigger
	pipeline  string
	requestID string
}

func (e *invalidError) Error() string { return e.err.Error() }
func (e *invalidError) Unwrap() error { return e.err }

// pipelineOr is the name that the rejected run is listed under.
func (e *invalidError) pipelineOr(name string) string {
	if pipeline.ValidName(e.pipeline) {
		return e.pipeline
	}
	return name
}

func invalid(kind, format string, args ...any) *invalidError {
	return &invalidError{kind: kind, err: fmt.Errorf(format, args...)}
}

// fromRequests says whether m came over the requests queue.
func (k *Intake) fromRequests(m lambdaevents.SQSMessage) bool {
	name := k.Settings.RequestsQueue[strings.LastIndexByte(k.Settings.RequestsQueue, '/')+1:]
	return strings.HasSuffix(m.EventSourceARN, ":"+name)
}

// read finds out which runs m asks for: none is a valid answer.
func (k *Intake) read(ctx context.Context, m lambdaevents.SQSMessage) ([]Wanted, error) {
	if k.fromRequests(m) {
		return k.request(ctx, m)
	}
	var kind struct {
		Kind       string `json:"kind"`
		Source     string `json:"source"`
		DetailType string `json:"detail-type"`
	}
	if err := json.Unmarshal([]byte(m.Body), &kind); err != nil {
		return nil, invalid("event", "read event: %w", err)
	}
	switch {
	case kind.Kind == events.KindSchedule:
		return k.schedule(ctx, m)
	case kind.Source == events.SourceS3 && kind.DetailType == events.TypeObjectCreated:
		return k.upload(ctx, m)
	}
	return nil, invalid("event", "nothing is known of events %q from %q", kind.DetailType, kind.Source)
}

func (k *Intake) request(ctx context.Context, m lambdaevents.SQSMessage) ([]Wanted, error) {
	if len(m.Body) > events.MaxRequest {
		return nil, invalid(run.ByRequest, "the request has %d bytes, more than the %d allowed; put data into S3 and send its address",
			len(m.Body), events.MaxRequest)
	}
	var q events.Request
	d := json.NewDecoder(strings.NewReader(m.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return nil, invalid(run.ByRequest, "read request: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid(run.ByRequest, "read request: something follows it; send each request as a message of its own")
	}
	fail := func(err error) error {
		return &invalidError{err: err, kind: run.ByRequest, pipeline: q.Pipeline, requestID: clip(q.RequestID, 128)}
	}
	if q.RequestID == "" || len(q.RequestID) > 128 {
		return nil, fail(fmt.Errorf("requestId must have 1 to 128 characters, has %d", len(q.RequestID)))
	}
	logical, err := logicalTime(q.LogicalTime, sentAt(m))
	if err != nil {
		return nil, fail(err)
	}
	ask := Ask{
		Pipeline: q.Pipeline, User: q.User, Params: q.Params, Logical: logical, Priority: q.Priority, RequestedAt: sentAt(m),
		Trigger:  run.Trigger{Kind: run.ByRequest, RequestID: q.RequestID, Sender: m.Attributes["SenderId"]},
		Identity: []string{run.ByRequest, q.RequestID},
	}
	if ask.Wish, err = wish(q); err != nil {
		return nil, fail(err)
	}
	if len(q.Spec) > 0 {
		if ask.Spec, err = k.own(q); err != nil {
			return nil, fail(err)
		}
		ask.Pipeline = ask.Spec.Name
	}
	w, err := ask.Wanted(ctx, k.Pipelines, k.Users, k.Engines)
	return w, fail2(err, fail)
}

// own is the pipeline that a request brings along.
func (k *Intake) own(q events.Request) (*pipeline.Spec, error) {
	spec, err := pipeline.ParseJSON(q.Spec, pipeline.WithZones(k.zones()...), pipeline.AdHoc())
	if err != nil {
		return nil, fmt.Errorf("read spec of request %s: %w", q.RequestID, err)
	}
	for _, j := range spec.Jobs {
		if j.Package == nil { // before it costs a cluster
			return nil, fmt.Errorf("job %s of request %s has no package; use ephemr submit", j.Name, q.RequestID)
		}
	}
	return &spec, nil
}

// wish is a digest of what a request asks for, whatever its id.
func wish(q events.Request) (string, error) {
	q.RequestID = ""
	data, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("encode request: %w", err)
	}
	return run.Digest(string(data)), nil
}

// fail2 marks the sender's faults and leaves ours alone.
func fail2(err error, fail func(error) error) error {
	if IsInvalid(err) {
		return fail(err)
	}
	return err
}

func (k *Intake) schedule(ctx context.Context, m lambdaevents.SQSMessage) ([]Wanted, error) {
	var tick events.ScheduleTick
	if err := json.Unmarshal([]byte(m.Body), &tick); err != nil {
		return nil, invalid(run.BySchedule, "read schedule tick: %w", err)
	}
	planned, err := time.Parse(time.RFC3339, tick.ScheduledTime)
	if tick.ScheduledTime == events.ScheduledTimePlaceholder {
		// An emulator may leave the placeholder as it is; AWS never does.
		planned, err = sentAt(m).Truncate(time.Minute), nil
	}
	if err != nil {
		return nil, invalid(run.BySchedule, "read schedule tick of %s: scheduledTime: %w", tick.Pipeline, err)
	}
	ask := Ask{
		Pipeline: tick.Pipeline, Logical: planned, RequestedAt: sentAt(m), Quiet: true,
		Trigger:  run.Trigger{Kind: run.BySchedule},
		Identity: []string{run.BySchedule, tick.Pipeline, planned.UTC().Format(time.RFC3339)},
	}
	w, err := ask.Wanted(ctx, k.Pipelines, k.Users, k.Engines)
	return w, fail2(err, func(err error) error {
		return &invalidError{err: err, kind: run.BySchedule, pipeline: tick.Pipeline}
	})
}

func (k *Intake) upload(ctx context.Context, m lambdaevents.SQSMessage) ([]Wanted, error) {
	var e struct {
		Detail events.ObjectCreated `json:"detail"`
		Time   time.Time            `json:"time"`
	}
	if err := json.Unmarshal([]byte(m.Body), &e); err != nil {
		return nil, invalid(run.ByS3, "read S3 event: %w", err)
	}
	o := e.Detail.Object
	zone := k.zone(e.Detail.Bucket.Name)
	if zone == "" || o.Key == "" {
		return nil, invalid(run.ByS3, "bucket %q is not a zone of the lake, or the key is missing", e.Detail.Bucket.Name)
	}
	matches, err := k.Pipelines.Watching(ctx, zone, o.Key)
	if err != nil {
		return nil, err
	}
	if o.Size == 0 && strings.HasSuffix(o.Key, "/") {
		return nil, nil // a folder made in the console
	}
	version := o.VersionID
	if version == "" {
		version = o.Sequencer
	}
	var all []Wanted
	for _, name := range matches {
		ask := Ask{
			Pipeline: name, Logical: e.Time, RequestedAt: sentAt(m), Quiet: true,
			Trigger:  run.Trigger{Kind: run.ByS3, Bucket: e.Detail.Bucket.Name, Key: o.Key, Version: o.VersionID, Size: o.Size},
			Identity: []string{run.ByS3, name, e.Detail.Bucket.Name, o.Key, version},
		}
		w, err := ask.Wanted(ctx, k.Pipelines, k.Users, k.Engines)
		if IsInvalid(err) {
			// One pipeline's fault must not take the upload from the others.
			w, err = []Wanted{ask.rejected(err)}, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, w...)
	}
	return all, nil
}

func (k *Intake) zone(bucket string) string {
	for zone, b := range k.Settings.Lake {
		if b == bucket {
			return zone
		}
	}
	return ""
}

func (k *Intake) zones() []string {
	var zones []string
	for z := range k.Settings.Lake {
		zones = append(zones, z)
	}
	slices.Sort(zones)
	return zones
}
