package steplog

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	maxLine = 1 << 20 // bytes; a longer line comes in pieces
	tries   = 4       // of one object, when its connection breaks
)

// Lines reads a log line by line, holding no more of it than that. It goes on
// where it was when a connection breaks.
type Lines struct {
	archive *Archive
	keys    []string

	body io.ReadCloser
	text *bufio.Reader
	done int64 // bytes of the object that were read, uncompressed
	left int   // tries
}

// Lines returns a reader of l. Close it.
func (a *Archive) Lines(l Log) *Lines { return &Lines{archive: a, keys: l.Keys, left: tries} }

// Next returns the next line, without its newline; io.EOF after the last one.
func (l *Lines) Next(ctx context.Context) (string, error) {
	for len(l.keys) > 0 {
		line, err := l.read(ctx)
		switch {
		case err == nil:
			l.left = tries
			return line, nil
		case errors.Is(err, io.EOF):
			l.Close()
			l.keys, l.done, l.left = l.keys[1:], 0, tries
			if line != "" { // the last one has no newline
				return line, nil
			}
		default:
			l.Close()
			_, final := errors.AsType[*finalError](err)
			if l.left--; l.left <= 0 || final || ctx.Err() != nil {
				return "", fmt.Errorf("read s3://%s/%s: %w", l.archive.Bucket, l.keys[0], err)
			}
		}
	}
	return "", io.EOF
}

// Close gives up what is left.
func (l *Lines) Close() {
	if l.body != nil {
		_ = l.body.Close() // only read from
	}
	l.body, l.text = nil, nil
}

// read returns the next line of the current object. With io.EOF it returns what
// follows the last newline. What else fails has read nothing.
func (l *Lines) read(ctx context.Context) (string, error) {
	if l.text == nil {
		if err := l.open(ctx); err != nil {
			return "", err
		}
	}
	var line []byte
	for {
		piece, err := l.text.ReadSlice('\n')
		line = append(line, piece...)
		switch {
		case err == nil:
			l.done += int64(len(line))
			return string(line[:len(line)-1]), nil
		case errors.Is(err, bufio.ErrBufferFull) && len(line) < maxLine:
			continue
		case errors.Is(err, bufio.ErrBufferFull) || errors.Is(err, io.EOF):
			l.done += int64(len(line))
			if errors.Is(err, bufio.ErrBufferFull) {
				err = nil
			}
			return string(line), err
		default:
			return "", err
		}
	}
}

// open begins the current object, or goes on in it.
func (l *Lines) open(ctx context.Context) error {
	out, err := l.archive.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.archive.Bucket, Key: &l.keys[0]})
	if err != nil {
		return &finalError{err} // the SDK has tried again
	}
	l.body = out.Body
	raw, err := gzip.NewReader(out.Body)
	switch {
	case errors.Is(err, io.EOF): // an empty object
		l.text = bufio.NewReader(out.Body)
		return nil
	case errors.Is(err, gzip.ErrHeader):
		return &finalError{err}
	case err != nil:
		return err
	}
	l.text = bufio.NewReaderSize(raw, 64<<10)
	if _, err := io.CopyN(io.Discard, l.text, l.done); err != nil {
		return fmt.Errorf("go on after %d bytes: %w", l.done, io.ErrUnexpectedEOF)
	}
	return nil
}

// finalError is one that a retry cannot fix.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }
