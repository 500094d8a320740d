package quality

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"ephemr/internal/dataset"
)

const (
	footerRead = 64 << 10 // bytes read from the end of a file at first; most footers are smaller
	columnRead = 1 << 20  // bytes of a column read at a time
	smallest   = 12       // bytes: two magic words and the length of an empty footer
)

// window reads ahead: pages are small and lie side by side.
type window struct {
	*dataset.Reader

	buf  []byte
	from int64
}

// ReadAt serves p from what was read ahead.
func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if off < w.from || off+int64(len(p)) > w.from+int64(len(w.buf)) {
		if int64(len(p)) >= columnRead || off >= w.Size {
			return w.Reader.ReadAt(p, off)
		}
		w.buf = append(w.buf[:0], make([]byte, min(columnRead, w.Size-off))...)
		w.from = off
		if n, err := w.Reader.ReadAt(w.buf, off); err != nil {
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
			broken, err = fmt.Sprintf("%s is not Parquet: %v", f.Key, p), nil
		}
	}()
	if f.Size < smallest {
		return fmt.Sprintf("%s has only %d bytes", f.Key, f.Size), nil
	}
	r := f.Reader(ctx)
	f.parquet, err = parquet.OpenFile(r, f.Size,
		parquet.SkipMagicBytes(true), // the footer's end in the same word
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true),
		parquet.OptimisticRead(true), parquet.ReadBufferSize(footerRead))
	switch {
	case err == nil:
		return "", nil
	case r.Err != nil && !errors.Is(r.Err, io.EOF):
		return "", r.Err
	}
	return fmt.Sprintf("%s is not Parquet: %v", f.Key, err), nil
}
