package test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/operation"
	"ephemr/internal/run"
)

const (
	// endWithin is how long the end of a cancelled run is awaited: jobs have a grace period, and
	// clusters take a minute to end.
	endWithin = 3 * time.Minute

	endEvery     = 2 * time.Second
	deleteWithin = time.Minute
)

// cleanUp ends the run, and deletes what the test has written: not before the run has ended,
// which could write again and would read only a part of its input.
func (t *trial) cleanUp(ctx context.Context, id string, rec *run.Record) error {
	var over error
	if id != "" && (rec == nil || !rec.Run.State.Final()) {
		over = t.end(ctx, id)
	}
	ctx, cancel := context.WithTimeout(ctx, deleteWithin)
	defer cancel()
	errs := []error{t.deleteSecrets(ctx)}
	switch {
	case t.keep:
	case over != nil:
		errs = append(errs, fmt.Errorf("%w; its data is kept; when ephemr show %s says that the run has ended, delete it: %s", over, id, t.deletion()))
	default:
		if err := t.deleteData(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%w; delete what is left: %s", err, t.deletion()))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("clean up after test %s: %w", t.test.Name, err)
	}
	return nil
}

// end cancels a run and waits until it has ended. A request may not have become a run yet.
func (t *trial) end(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	cancelled := false
	var last error
	for {
		if !cancelled {
			in := operation.CancelRequest{RunID: id, Why: "ephemr test has ended"}
			last = lambdacall.Control(ctx, t.Lambda, t.Settings, operation.Cancel, in, &struct{}{})
			cancelled = last == nil
		}
		rec, err := t.Follower.Runs.Load(ctx, id)
		if err == nil && rec.Run.State.Final() {
			return nil
		}
		select {
		case <-ctx.Done():
			if last != nil {
				return fmt.Errorf("cancel run %s: %w", id, last)
			}
			return fmt.Errorf("run %s was cancelled, and has not ended within %s", id, endWithin)
		case <-time.After(endEvery):
		}
	}
}

// deletion is the command that deletes the test's folder in each zone.
func (t *trial) deletion() string {
	var commands []string
	for _, zone := range keys(t.Settings.Lake) {
		commands = append(commands, fmt.Sprintf("aws s3 rm --recursive s3://%s/%s/", t.Settings.Lake[zone], t.folder()))
	}
	return strings.Join(commands, " && ")
}

// deleteData deletes the test's folder in each zone.
func (t *trial) deleteData(ctx context.Context) error {
	var errs []error
	for _, zone := range keys(t.Settings.Lake) {
		errs = append(errs, t.deleteFolder(ctx, t.Settings.Lake[zone], t.folder()+"/"))
	}
	return errors.Join(errs...)
}

func (t *trial) deleteFolder(ctx context.Context, bucket, prefix string) error {
	pages := s3.NewListObjectsV2Paginator(t.S3, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list s3://%s/%s: %w", bucket, prefix, err)
		}
		if len(page.Contents) == 0 {
			return nil
		}
		var ids []s3types.ObjectIdentifier
		for _, o := range page.Contents {
			ids = append(ids, s3types.ObjectIdentifier{Key: o.Key})
		}
		out, err := t.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("delete s3://%s/%s: %w", bucket, prefix, err)
		}
		if len(out.Errors) > 0 {
			return fmt.Errorf("delete s3://%s/%s: %s", bucket, aws.ToString(out.Errors[0].Key), aws.ToString(out.Errors[0].Message))
		}
	}
	return nil
}
