package quality

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/parquet-go/parquet-go"
)

const (
	footerRead = 64 << 10 // bytes read from the end of a file at first; most footers are smaller
	columnRead = 1 << 20  // bytes of a column read at a time
	smallest   = 12       // bytes: two magic words and the length of an empty footer
)

// object is an S3 object as it was when it was listed.
type object struct {
	api         S3API
	bucket, key string
	etag        *string
	size        int64
	modified    time.Time
}

// reader reads an object by ranges. It keeps the error of S3, which the
// Parquet reader may not wrap.
type reader struct {
	object
	ctx context.Context // io.ReaderAt has no room for it
	err error
}

// ReadAt gets the range [off, off+len(p)).
func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	if off >= r.size || len(p) == 0 {
		return 0, io.EOF
	}
	end := min(off+int64(len(p)), r.size)
	n, err := r.get(p[:end-off], off, end-1)
	if err != nil {
		r.err = err
		return n, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (r *reader) get(p []byte, first, last int64) (int, error) {
	out, err := r.api.GetObject(r.ctx, &s3.GetObjectInput{
		Bucket: &r.bucket, Key: &r.key, IfMatch: r.etag,
		Range: aws.String(fmt.Sprintf("bytes=%d-%d", first, last)),
	})
	if err != nil {
		return 0, fmt.Errorf("read s3://%s/%s: %w", r.bucket, r.key, err)
	}
	defer out.Body.Close() //nolint:errcheck // only read
	n, err := io.ReadFull(out.Body, p)
	if err != nil {
		return n, fmt.Errorf("read s3://%s/%s: %w", r.bucket, r.key, err)
	}
	return n, nil
}

// window reads ahead: pages are small and lie side by side.
type window struct {
	reader
	buf  []byte
	from int64
}

// ReadAt serves p from what was read ahead.
func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if off < w.from || off+int64(len(p)) > w.from+int64(len(w.buf)) {
		if int64(len(p)) >= columnRead || off >= w.size {
			return w.reader.ReadAt(p, off)
		}
		w.buf = append(w.buf[:0], make([]byte, min(columnRead, w.size-off))...)
		w.from = off
		if n, err := w.reader.ReadAt(w.buf, off); err != nil {
			w.buf = w.buf[:n]
			return copy(p, w.buf), err
		}
	}
	n := copy(p, w.buf[off-w.from:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// open reads the footer. Broken is why the object is not a Parquet file.
func (f *file) open(ctx context.Context) (broken string, err error) {
	defer func() { // the file is untrusted
		if p := recover(); p != nil {
			broken, err = fmt.Sprintf("%s is not Parquet: %v", f.key, p), nil
		}
	}()
	if f.size < smallest {
		return fmt.Sprintf("%s has only %d bytes", f.key, f.size), nil
	}
	r := &reader{object: f.object, ctx: ctx}
	f.parquet, err = parquet.OpenFile(r, f.size,
		parquet.SkipMagicBytes(true), // the footer's end in the same word
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true),
		parquet.OptimisticRead(true), parquet.ReadBufferSize(footerRead))
	switch {
	case err == nil:
		return "", nil
	case r.err != nil && !errors.Is(r.err, io.EOF):
		return "", r.err
	}
	return fmt.Sprintf("%s is not Parquet: %v", f.key, err), nil
}
