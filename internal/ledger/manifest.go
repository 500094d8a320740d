package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/access"
	"ephemr/internal/run"
)

// PutAPI stores manifests.
type PutAPI interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Manifests stores the lists of objects of batches, for the jobs of their runs.
type Manifests struct {
	S3     PutAPI
	Bucket string // of logs: jobs of a run's user can read below the prefix of the run
}

// Line is a line of a manifest.
type Line struct {
	URI     string    `json:"uri"`
	Version string    `json:"version,omitempty"` // none in a bucket without versions
	Size    int64     `json:"size"`              // bytes
	ETag    string    `json:"etag,omitempty"`
	Time    time.Time `json:"time"`
}

// ManifestKey is the key of the manifest of a run.
func ManifestKey(r run.Run) string {
	key := "runs/" + r.ID + "/manifest.jsonl"
	if r.User != "" {
		return access.Dir(r.User) + key
	}
	return key
}

// Write stores the list of a run's objects at the address in its trigger. It can be
// repeated: the objects of a batch do not change.
func (m *Manifests) Write(ctx context.Context, r run.Run, objects []Object) error {
	if r.Trigger.Manifest == "" {
		return nil // a rejected run
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	for _, o := range objects {
		if err := enc.Encode(Line{URI: o.URI(), Version: o.Version, Size: o.Size, ETag: o.ETag, Time: o.Time}); err != nil {
			return fmt.Errorf("encode manifest of run %s: %w", r.ID, err)
		}
	}
	key := ManifestKey(r)
	if _, err := m.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &m.Bucket, Key: &key, Body: bytes.NewReader(body.Bytes()), ContentType: aws.String("application/jsonl"),
	}); err != nil {
		return fmt.Errorf("write manifest of run %s: %w", r.ID, err)
	}
	return nil
}
