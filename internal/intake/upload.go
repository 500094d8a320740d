package intake

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"ephemr/events"
	"ephemr/internal/ledger"
	"ephemr/internal/register"
	"ephemr/internal/run"
)

// upload returns the runs that a new object starts. An object of a batch is added to a.
func (k *Intake) upload(ctx context.Context, m lambdaevents.SQSMessage, a *arrivals) ([]NewRun, error) {
	var e struct {
		Detail events.ObjectCreated `json:"detail"`
		Time   time.Time            `json:"time"`
	}
	if err := json.Unmarshal([]byte(m.Body), &e); err != nil {
		return nil, invalid(run.ByS3, "read S3 event: %w", err)
	}
	o := ledger.Object{
		Bucket: e.Detail.Bucket.Name, Key: e.Detail.Object.Key, Version: e.Detail.Object.VersionID, ETag: strings.Trim(e.Detail.Object.ETag, `"`),
		Sequencer: e.Detail.Object.Sequencer, Size: e.Detail.Object.Size, Time: e.Time.UTC(),
	}
	source := k.Settings.TriggerSource(o.Bucket)
	if source == "" || o.Key == "" {
		return nil, invalid(run.ByS3, "bucket %q is not a zone of the lake, or the event has no key", o.Bucket)
	}
	if run.OfTest(o.Key) {
		slog.InfoContext(ctx, "object belongs to a test: ignored", "uri", o.URI())
		return nil, nil
	}
	watchers, err := k.watching(ctx, source, o)
	if err != nil {
		return nil, err
	}
	var all []NewRun
	for _, w := range watchers {
		if w.Trigger.Batch != nil {
			a.add(m.MessageId, w, o)
			continue
		}
		some, err := k.ofObject(ctx, w, o, sentAt(m))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// watching returns the pipelines with a trigger that matches an object, without one whose
// run wrote it, as far as the key of the object says.
func (k *Intake) watching(ctx context.Context, source string, o ledger.Object) ([]register.Watcher, error) {
	all, err := k.Pipelines.Watching(ctx, source, o.Key, o.Size)
	return slices.DeleteFunc(all, func(w register.Watcher) bool {
		own := run.Names(o.Key, w.Pipeline)
		if own {
			slog.InfoContext(ctx, "object was written by a run of the pipeline: ignored", "pipeline", w.Pipeline, "uri", o.URI())
		}
		return own
	}), err
}

// ofObject returns the runs, of a matrix or one, that take an object of a trigger without batch.
func (k *Intake) ofObject(ctx context.Context, w register.Watcher, o ledger.Object, requestedAt time.Time) ([]NewRun, error) {
	version := o.Version
	if version == "" {
		version = o.Sequencer
	}
	request := RunRequest{
		Pipeline: w.Pipeline, Logical: o.Time, RequestedAt: requestedAt, Quiet: true,
		Trigger:  run.Trigger{Kind: run.ByS3, Bucket: o.Bucket, Key: o.Key, Version: o.Version, Size: o.Size},
		Identity: []string{run.ByS3, w.Pipeline, o.Bucket, o.Key, version},
	}
	runs, err := request.NewRuns(ctx, k.Settings, k.Pipelines, k.Users, k.Engines)
	if IsInvalid(err) {
		// An error in one pipeline must not affect the others.
		runs, err = []NewRun{request.rejected(err, nil)}, nil
	}
	if err != nil {
		return nil, err
	}
	taking, err := k.Ledger.Take(ledger.Entry{Object: o, Pipeline: w.Pipeline, At: time.Now().UTC(), Runs: idsOf(runs)})
	for i := range runs {
		runs[i].With = taking
	}
	return runs, err
}

// idsOf are the ids of runs that are to be made.
func idsOf(runs []NewRun) (ids []string) {
	for _, w := range runs {
		ids = append(ids, w.Run.ID)
	}
	return ids
}
