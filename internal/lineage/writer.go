package lineage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// S3API finds and writes events.
type S3API interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Outbox records that the event at a key is to be sent to the server of the stage, once for
// each key.
type Outbox interface {
	PutLineage(ctx context.Context, key string) error
}

// Writer writes the events of runs to S3.
type Writer struct {
	Settings stage.Settings
	Runs     *store.Runs
	S3       S3API
	Outbox   Outbox
}

// Write writes the events that a run's record implies and that are missing. It reads the record
// itself: a caller may have a copy that another invocation has changed since. An object is
// created once, whatever invocations do so.
func (w *Writer) Write(ctx context.Context, runID string) error {
	rec, err := w.Runs.Load(ctx, runID)
	if err != nil {
		return err
	}
	all := Of(rec, w.Settings)
	if len(all) == 0 {
		return nil
	}
	written, err := w.written(ctx, rec.Run, len(all))
	if err != nil {
		return fmt.Errorf("list lineage events of run %s: %w", runID, err)
	}
	for _, x := range all {
		if written[x.Key] {
			continue
		}
		if err := w.put(ctx, x); err != nil {
			return fmt.Errorf("write lineage event s3://%s/%s: %w", w.Settings.LogsBucket, x.Key, err)
		}
	}
	return nil
}

// Try is Write while a run is under way. An error is logged: the run goes on, and its next event,
// its end at the latest, writes what is missing.
func (w *Writer) Try(ctx context.Context, runID string) {
	if err := w.Write(ctx, runID); err != nil {
		slog.WarnContext(ctx, "lineage events not written: deferred to the next change of the run", "runId", runID, "error", err.Error())
	}
}

// few events, as of a run with one attempt of one job, are written without looking whether they are
// there: a listing saves hardly a call.
const few = 4

// written are the keys of the events that are there, of so many.
func (w *Writer) written(ctx context.Context, r run.Run, events int) (map[string]bool, error) {
	keys := map[string]bool{}
	if events <= few {
		return keys, nil
	}
	pages := s3.NewListObjectsV2Paginator(w.S3, &s3.ListObjectsV2Input{Bucket: &w.Settings.LogsBucket, Prefix: aws.String(prefix(r))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			keys[aws.ToString(o.Key)] = true
		}
	}
	return keys, nil
}

// put creates the object of an event. Another invocation may have been faster, or the answer to
// an earlier attempt of the SDK was lost.
func (w *Writer) put(ctx context.Context, x Written) error {
	body, err := x.Event.JSON()
	if err != nil {
		return err
	}
	if w.Settings.Lineage.Sends() { // before the object, which shows that nothing is missing
		if err := w.Outbox.PutLineage(ctx, x.Key); err != nil {
			return err
		}
	}
	_, err = w.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.Settings.LogsBucket, Key: &x.Key, IfNoneMatch: aws.String("*"),
		Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
	})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "PreconditionFailed" {
		return nil
	}
	return err
}
