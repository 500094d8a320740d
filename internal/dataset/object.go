package dataset

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Object is an S3 object as it was when it was listed. Files that the log of a table lists have no ETag, and are
// never replaced.
type Object struct {
	API         S3API
	Bucket, Key string
	ETag        *string
	Size        int64
	Modified    time.Time

	Folders map[string]string // values of partition columns; nil = those in the key
}

// Partition is the values of the object's partition columns.
func (o Object) Partition() map[string]string {
	if o.Folders != nil {
		return o.Folders
	}
	return Partition(o.Key)
}

// Reader returns a reader of the object.
func (o Object) Reader(ctx context.Context) *Reader { return &Reader{Object: o, ctx: ctx} }

// Reader reads an object by ranges. It keeps the error of S3, which the
// Parquet reader may not wrap.
type Reader struct {
	Object

	Err error
	ctx context.Context // io.ReaderAt has no room for it
}

// ReadAt gets the range [off, off+len(p)).
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off >= r.Size || len(p) == 0 {
		return 0, io.EOF
	}
	end := min(off+int64(len(p)), r.Size)
	n, err := r.get(p[:end-off], off, end-1)
	if err != nil {
		r.Err = err
		return n, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (r *Reader) get(p []byte, first, last int64) (int, error) {
	out, err := r.API.GetObject(r.ctx, &s3.GetObjectInput{
		Bucket: &r.Bucket, Key: &r.Key, IfMatch: r.ETag,
		Range: aws.String(fmt.Sprintf("bytes=%d-%d", first, last)),
	})
	if err != nil {
		return 0, fmt.Errorf("read s3://%s/%s: %w", r.Bucket, r.Key, err)
	}
	defer out.Body.Close() //nolint:errcheck // only read
	n, err := io.ReadFull(out.Body, p)
	if err != nil {
		return n, fmt.Errorf("read s3://%s/%s: %w", r.Bucket, r.Key, err)
	}
	return n, nil
}
