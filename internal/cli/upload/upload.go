// Package upload packages sources and uploads them to the artifacts bucket,
// unless the same content exists there.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ephemr/internal/cli/progress"
	"ephemr/internal/fault"
	"ephemr/internal/pack"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3API uploads objects.
type S3API interface {
	transfermanager.S3APIClient
}

// Source is a job's source, packaged.
type Source struct {
	Job     string
	Package *pack.Package
}

// From is the location of the files of packages.
type From struct {
	Root    string // what sources are relative to
	Project string // what includes are relative to
}

// digest is the metadata of a package that holds its SHA-256. Only Send sets it: an
// object that was written in any other way since then does not have it.
const digest = "sha256"

// Exists reports whether p is in the bucket, with the content that Send gave it.
func Exists(ctx context.Context, api S3API, bucket string, p *pack.Package) (bool, error) {
	key := p.Key()
	head, err := api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err == nil {
		return aws.ToInt64(head.ContentLength) == p.Size && head.Metadata[digest] == p.SHA256, nil
	}
	if code := fault.Code(err); code != "NotFound" && code != "NoSuchKey" {
		return false, fmt.Errorf("look for s3://%s/%s: %w", bucket, key, err)
	}
	return false, nil
}

// Send uploads p; false if it existed already. An object of other content is
// replaced. A large package is uploaded in parts, which are removed if it cannot be
// read completely.
func Send(ctx context.Context, api S3API, bucket string, p *pack.Package, meter *progress.Meter) (bool, error) {
	key := p.Key()
	if exists, err := Exists(ctx, api, bucket, p); exists || err != nil {
		return false, err
	}
	r, w := io.Pipe()
	go func() {
		_, err := p.WriteTo(w)
		w.CloseWithError(err) // never fails
	}()
	bar := meter.Begin("uploading " + p.Source)
	bar.Update(0, p.Size)
	in := &transfermanager.UploadObjectInput{Bucket: &bucket, Key: &key, Body: r, Metadata: map[string]string{digest: p.SHA256}}
	_, err := transfermanager.New(api).UploadObject(ctx, in,
		func(o *transfermanager.Options) {
			o.ObjectProgressListeners.Register(sent{p.Size, bar})
			o.FailTimeout = abortWithin // otherwise an interrupt would leave parts behind, which are billed
		})
	bar.End()
	_ = r.CloseWithError(errStopped) // end the writer if the upload failed early
	if err != nil {
		return false, fmt.Errorf("upload %s to s3://%s/%s: %w", p.Source, bucket, key, err)
	}
	return true, nil
}

const abortWithin = 10 * time.Second

// sent updates a bar with every uploaded part.
type sent struct {
	size int64
	bar  *progress.Bar
}

func (s sent) OnObjectBytesTransferred(_ context.Context, e *transfermanager.ObjectBytesTransferredEvent) {
	s.bar.Update(e.BytesTransferred, s.size)
}

var errStopped = errors.New("the upload has ended")
