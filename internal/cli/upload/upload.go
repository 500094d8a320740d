// Package upload makes packages of sources and brings them to the artifacts
// bucket. What is there already, by its content, is not sent again.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"ephemr/internal/fault"
	"ephemr/internal/pack"
	"ephemr/internal/pipeline"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3API is what uploads need of S3.
type S3API interface {
	transfermanager.S3APIClient
}

// Source is a job's source, packaged.
type Source struct {
	Job     string
	Package *pack.Package
}

// Build packages the source of every job of spec below the project root and
// fills in entries and packages. The error joins one for each source that is
// not as it should be.
func Build(spec *pipeline.Spec, root string) ([]Source, error) {
	var sources []Source
	var errs []error
	built := map[string]*pack.Package{}
	for i := range spec.Jobs {
		j := &spec.Jobs[i]
		p, ok := built[j.Source]
		if !ok {
			var err error
			if p, err = pack.Build(filepath.Join(root, filepath.FromSlash(j.Source)), pack.Options{}); err != nil {
				errs = append(errs, fmt.Errorf("job %s: %w", j.Name, err))
				continue
			}
			built[j.Source] = p
			sources = append(sources, Source{Job: j.Name, Package: p})
		}
		entry, err := p.Entry(j.Type, j.Entry)
		if err != nil {
			errs = append(errs, fmt.Errorf("job %s: %w", j.Name, err))
			continue
		}
		ref := p.Ref()
		j.Entry, j.Package = entry, &ref
	}
	return sources, errors.Join(errs...)
}

// Send uploads p, unless it is there: false says that it was. A large package
// goes in parts; one that cannot be read to its end leaves nothing behind.
func Send(ctx context.Context, api S3API, bucket string, p *pack.Package) (bool, error) {
	key := p.Key()
	_, err := api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err == nil {
		return false, nil
	}
	if code := fault.Code(err); code != "NotFound" && code != "NoSuchKey" {
		return false, fmt.Errorf("look for s3://%s/%s: %w", bucket, key, err)
	}
	r, w := io.Pipe()
	go func() {
		_, err := p.WriteTo(w)
		w.CloseWithError(err) // never fails
	}()
	_, err = transfermanager.New(api).UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket, Key: &key, Body: r})
	_ = r.CloseWithError(errStopped) // an upload that gave up early must not leave the writer behind
	if err != nil {
		return false, fmt.Errorf("upload %s to s3://%s/%s: %w", p.Source, bucket, key, err)
	}
	return true, nil
}

var errStopped = errors.New("the upload has ended")
