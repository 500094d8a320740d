package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3API is what a Bucket needs of S3.
type S3API interface {
	transfermanager.S3APIClient
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
}

// Bucket is a prefix of a bucket. Files are uploaded in parts while they are
// made: there is no object before its last part.
type Bucket struct {
	S3        S3API
	Bucket    string
	Prefix    string // without a slash at the end; may be empty
	Overwrite bool

	mu   sync.Mutex
	made []string // keys that may exist
}

var _ Target = (*Bucket)(nil)

const (
	partBytes   = 5 << 20 // the least that S3 takes; at most 10,000 parts
	partsAtOnce = 2       // of one file: that many are in memory
	within      = 30 * time.Second
)

func (b *Bucket) key(name string) string { return strings.TrimPrefix(b.Prefix+"/"+name, "/") }

func (b *Bucket) uri() string { return "s3://" + b.Bucket + "/" + b.key("") }

// Prepare removes the objects that are overwritten, the mark first.
func (b *Bucket) Prepare(ctx context.Context) error {
	var old []string
	pages := s3.NewListObjectsV2Paginator(b.S3, &s3.ListObjectsV2Input{Bucket: &b.Bucket, Prefix: aws.String(b.key(""))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list %s: %w", b.uri(), err)
		}
		for _, o := range page.Contents {
			if name := strings.TrimPrefix(aws.ToString(o.Key), b.key("")); name != "" { // a folder that a console made
				old = append(old, name)
			}
		}
		if err := refuse(b.uri(), old, b.Overwrite); err != nil {
			return err
		}
	}
	slices.SortFunc(old, func(x, y string) int {
		return cmp.Or(-cmp.Compare(bit(x == Success), bit(y == Success)), cmp.Compare(x, y))
	})
	return b.remove(ctx, old)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (b *Bucket) remove(ctx context.Context, names []string) error {
	var errs []error
	for _, name := range names {
		if _, err := b.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.Bucket, Key: aws.String(b.key(name))}); err != nil {
			errs = append(errs, fmt.Errorf("delete s3://%s/%s: %w", b.Bucket, b.key(name), err))
		}
	}
	return errors.Join(errs...)
}

// Write uploads a file while write makes it.
func (b *Bucket) Write(ctx context.Context, name string, write func(io.Writer) error) error {
	b.mu.Lock()
	b.made = append(b.made, name)
	b.mu.Unlock()
	r, w := io.Pipe()
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		w.CloseWithError(write(w)) // never fails
	}()
	_, err := transfermanager.New(b.S3).UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &b.Bucket, Key: aws.String(b.key(name)), Body: r},
		func(o *transfermanager.Options) {
			o.PartSizeBytes, o.MultipartUploadThreshold, o.Concurrency, o.FailTimeout = partBytes, partBytes, partsAtOnce, within
		})
	_ = r.CloseWithError(errUpload) // end the writer if the upload failed early
	<-wrote
	if err != nil {
		return fmt.Errorf("upload s3://%s/%s: %w", b.Bucket, b.key(name), err)
	}
	return nil
}

var errUpload = errors.New("the upload has ended")

// Commit writes the mark.
func (b *Bucket) Commit(ctx context.Context) error {
	b.made = append(b.made, Success)
	if _, err := b.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.Bucket, Key: aws.String(b.key(Success)), Body: strings.NewReader("")}); err != nil {
		return fmt.Errorf("write s3://%s/%s: %w", b.Bucket, b.key(Success), err)
	}
	return nil
}

// Abort removes the objects that are complete; parts of others were removed
// when their upload ended.
func (b *Bucket) Abort() error {
	slices.Reverse(b.made) // the mark first
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return b.remove(ctx, b.made)
}
