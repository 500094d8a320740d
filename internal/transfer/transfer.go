// Package transfer uploads files to S3: large ones in parts, several at the same time, with
// checksums that S3 verifies, and without repeating what an interrupted upload has sent.
//
// It keeps no state of its own: S3 knows the objects and the parts that it has, with their
// checksums.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"ephemr/internal/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// S3API is what uploads need of S3.
type S3API interface {
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	ListMultipartUploads(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error)
	ListParts(context.Context, *s3.ListPartsInput, ...func(*s3.Options)) (*s3.ListPartsOutput, error)
}

// Upload is what is uploaded, and how.
type Upload struct {
	S3       S3API
	Bucket   string
	Parallel int  // requests at the same time
	Force    bool // upload objects that have the content already, too

	// Progress is called with the bytes that S3 has and those of all files; one call at a time. nil = not at all.
	Progress func(done, all int64)
}

// What became of a file.
const (
	Uploaded  = "uploaded"
	Resumed   = "resumed"   // parts that S3 had from an interrupted upload were not sent again
	Unchanged = "unchanged" // the object had the content already
)

// Result is a file that S3 has.
type Result struct {
	Source string `json:"source"`
	URI    string `json:"uri"`
	State  string `json:"state"`
	Bytes  int64  `json:"bytes"`
	Sent   int64  `json:"sentBytes"` // by this upload
}

// Run uploads first, and last when all of first are complete. After an error, the results are
// those of the files that are complete.
func (u Upload) Run(ctx context.Context, first, last []File) ([]Result, error) {
	w := &work{Upload: u, requests: make(chan struct{}, u.Parallel)}
	for _, f := range first {
		w.all += f.Size
	}
	for _, f := range last {
		w.all += f.Size
	}
	w.progress(0)
	results, err := w.files(ctx, first)
	if err != nil {
		return results, err
	}
	rest, err := w.files(ctx, last)
	return append(results, rest...), err
}

// work is a running upload.
type work struct {
	Upload

	requests chan struct{} // one for each request that is under way

	mu        sync.Mutex
	done, all int64 // bytes
}

// progress adds bytes that S3 has.
func (w *work) progress(n int64) {
	if w.Progress == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done += n
	w.Progress(w.done, w.all)
}

// files uploads files, and returns the results of those that are complete in their order.
func (w *work) files(ctx context.Context, files []File) ([]Result, error) {
	all := make([]*Result, len(files))
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(w.Parallel)
	for i, f := range files {
		group.Go(func() error {
			r, err := w.file(each, f)
			if err != nil {
				return fmt.Errorf("upload %s to s3://%s/%s: %w", f.Path, w.Bucket, f.Key, err)
			}
			all[i] = &r
			return nil
		})
	}
	err := group.Wait()
	var complete []Result
	for _, r := range all {
		if r != nil {
			complete = append(complete, *r)
		}
	}
	return complete, err
}

// errChanged is the error of a file that is written while it is uploaded.
var errChanged = errors.New("the file changed while it was uploaded; run the command again when it is complete")

func (w *work) file(ctx context.Context, f File) (Result, error) {
	r := Result{Source: f.Path, URI: "s3://" + w.Bucket + "/" + f.Key, State: Uploaded, Bytes: f.Size}
	file, err := os.Open(f.Path)
	if err != nil {
		return r, err //nolint:wrapcheck // says the operation and the path
	}
	defer file.Close() //nolint:errcheck // only read
	o := &object{work: w, File: f, file: file}
	if err := o.digests(ctx); err != nil {
		return r, err
	}
	if !w.Force && o.exists(ctx) {
		r.State = Unchanged
		w.progress(f.Size)
		return r, nil
	}
	r.Sent, err = o.send(ctx)
	if err != nil {
		return r, err
	}
	if r.Sent < f.Size {
		r.State = Resumed
	}
	return r, nil
}

// object is one that a file becomes.
type object struct {
	*work
	File

	file  *os.File
	parts []part
	sums  []digest // of parts
}

// digests reads the file.
func (o *object) digests(ctx context.Context) error {
	o.parts = partsOf(o.Size)
	if len(o.parts) == 0 {
		o.parts = []part{{number: 1}}
	}
	o.sums = make([]digest, len(o.parts))
	return o.each(ctx, o.parts, func(_ context.Context, p part) error {
		sum, err := digestOf(p.body(o.file), p.size)
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		o.sums[p.number-1] = sum
		return nil
	})
}

// each does something for parts, as many at the same time as requests are allowed.
func (o *object) each(ctx context.Context, parts []part, do func(context.Context, part) error) error {
	group, all := errgroup.WithContext(ctx)
	for _, p := range parts {
		select {
		case <-all.Done():
		case o.requests <- struct{}{}:
			group.Go(func() error {
				defer func() { <-o.requests }()
				return do(all, p)
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// checksum is what S3 has for the object when it is complete.
func (o *object) checksum() string {
	if len(o.parts) == 1 {
		return o.sums[0].String()
	}
	return composite(o.sums)
}

// exists reports whether the object has the content of the file. Who may not read it, uploads.
func (o *object) exists(ctx context.Context) bool {
	head, err := o.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &o.Bucket, Key: &o.Key, ChecksumMode: types.ChecksumModeEnabled})
	return err == nil && aws.ToInt64(head.ContentLength) == o.Size && aws.ToString(head.ChecksumSHA256) == o.checksum()
}

// unchanged fails if the file is not the one that was planned.
func (o *object) unchanged() error {
	info, err := o.file.Stat()
	if err != nil {
		return err //nolint:wrapcheck // says the operation and the path
	}
	if info.Size() != o.Size || !info.ModTime().Equal(o.modified) {
		return errChanged
	}
	return nil
}

// send uploads the object, and returns the bytes that it has sent.
func (o *object) send(ctx context.Context) (int64, error) {
	if len(o.parts) > 1 {
		return o.sendParts(ctx)
	}
	err := o.each(ctx, o.parts, func(ctx context.Context, p part) error {
		if err := o.unchanged(); err != nil {
			return err
		}
		_, err := o.S3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &o.Bucket, Key: &o.Key, Body: p.body(o.file), ContentLength: &p.size,
			ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(o.sums[0].String()),
		}, patient)
		return o.explain(err)
	})
	if err == nil {
		o.progress(o.Size)
	}
	return o.Size, err
}

// patient repeats requests for longer than usual: a large upload meets more of a bad network.
func patient(o *s3.Options) { o.RetryMaxAttempts = 8 }

// explain replaces S3's words for content that is not what its checksum says.
func (o *object) explain(err error) error {
	if fault.Code(err) == "BadDigest" {
		return errChanged
	}
	return err
}
