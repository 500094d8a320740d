package intake

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/fault"
	"ephemr/internal/ledger"
	"ephemr/internal/run"
)

// ListAPI lists objects.
type ListAPI interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// present returns an error if an object of the run does not exist any more that its jobs
// are given by address. What cannot be listed is not missing.
func (p *Preparer) present(ctx context.Context, rec *run.Record) error {
	t := rec.Run.Trigger
	objects := t.Objects
	if t.Key != "" {
		objects = []string{"s3://" + t.Bucket + "/" + t.Key}
	}
	if len(objects) == 0 || !rec.Spec.ReadsByAddress() {
		return nil
	}
	var gone []string
	for _, uri := range objects {
		bucket, key, err := ledger.Parse(uri)
		if _, zone := p.Settings.Lake[p.Settings.TriggerSource(bucket)]; err != nil || !zone {
			continue // ephemr may not list other buckets
		}
		exists, err := p.exists(ctx, bucket, key)
		if err != nil {
			slog.WarnContext(ctx, "cannot look for object: the run starts", "runId", rec.Run.ID, "uri", uri, "error", err.Error())
			return nil
		}
		if !exists {
			gone = append(gone, uri)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return deleted(rec.Run.ID, gone, len(objects))
}

// deleted is the error of a run some of whose objects are gone.
func deleted(runID string, gone []string, of int) error {
	const most = 3
	more := ""
	if len(gone) > most {
		more = " and others"
	}
	return fault.New(fault.InvalidInput, "%d of %d objects of the run no longer exist: %s%s; "+
		"restore them and use ephemr retry %s, or let the job read versions: {{.Trigger.VersionID}}, {{.Trigger.Manifest}}",
		len(gone), of, strings.Join(gone[:min(len(gone), most)], ", "), more, runID)
}

func (p *Preparer) exists(ctx context.Context, bucket, key string) (bool, error) {
	// The object itself is the first of those whose keys begin like it.
	out, err := p.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &key, MaxKeys: aws.Int32(1)})
	if err != nil {
		return false, fmt.Errorf("list s3://%s/%s: %w", bucket, key, err)
	}
	return len(out.Contents) > 0 && aws.ToString(out.Contents[0].Key) == key, nil
}
