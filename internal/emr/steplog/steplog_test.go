package steplog_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/steplog"
	"ephemr/internal/proof/awsfake"
)

var (
	_ steplog.API = (*awsfake.S3)(nil)
	_ steplog.API = (*s3.Client)(nil)
)

const dir = "emr/j-1/steps/s-1/"

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put(t *testing.T, f *awsfake.S3, key string, body []byte) {
	t.Helper()
	if _, err := f.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new("logs"), Key: &key, Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}

// all reads a log to its end.
func all(t *testing.T, lines *steplog.Lines) ([]string, error) {
	t.Helper()
	defer lines.Close()
	var got []string
	for {
		line, err := lines.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got = append(got, line)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	f := awsfake.NewS3("logs")
	for _, key := range []string{
		dir + "stdout.gz", dir + "controller.gz", dir + "stderr-2026-11-22-10.gz", dir + "stderr-2026-11-22-09.gz", dir + "stderr.gz",
		dir + "syslog.2026-11-22-10.gz", dir + "stdouts.gz", dir + "stdout", dir + "other.gz", "emr/j-1/steps/s-11/stdout.gz",
	} {
		put(t, f, key, zipped(t, "x"))
	}
	a := &steplog.Archive{S3: f, Bucket: "logs"}
	got, err := a.Find(t.Context(), "j-1", "s-1")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{}
	for name, l := range got {
		for _, k := range l.Keys {
			keys[name] = append(keys[name], strings.TrimPrefix(k, dir))
		}
	}
	want := map[string][]string{
		"stdout": {"stdout.gz"}, "controller": {"controller.gz"}, "syslog": {"syslog.2026-11-22-10.gz"},
		"stderr": {"stderr-2026-11-22-09.gz", "stderr-2026-11-22-10.gz", "stderr.gz"},
	}
	if d := cmp.Diff(want, keys); d != "" {
		t.Errorf("logs (-want +got):\n%s", d)
	}
	if got, err := a.Find(t.Context(), "j-2", "s-1"); err != nil || len(got) != 0 {
		t.Errorf("a step without logs has %v, %v", got, err)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3<<20)
	for name, tt := range map[string]struct {
		objects []string // text of each
		want    []string
	}{
		"nothing":               {objects: []string{""}},
		"lines":                 {[]string{"a\n\nb\n"}, []string{"a", "", "b"}},
		"no newline at the end": {[]string{"a\nb"}, []string{"a", "b"}},
		"several objects":       {[]string{"a\nb\n", "", "c\n", "d"}, []string{"a", "b", "c", "d"}},
		"binary":                {[]string{"\x00\xff\r\n\xfe"}, []string{"\x00\xff\r", "\xfe"}},
		"a line of 3 MiB":       {[]string{"a\n" + long + "\nb\n"}, []string{"a", long[:1<<20], long[:1<<20], long[:1<<20], "", "b"}},
		"a line of 1 MB":        {[]string{long[:1_000_000] + "\n"}, []string{long[:1_000_000]}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := awsfake.NewS3("logs")
			var l steplog.Log
			for i, text := range tt.objects {
				key := fmt.Sprintf("%sstdout-%d.gz", dir, i)
				put(t, f, key, zipped(t, text))
				l.Keys = append(l.Keys, key)
			}
			got, err := all(t, (&steplog.Archive{S3: f, Bucket: "logs"}).Lines(l))
			if err != nil || !slices.Equal(tt.want, got) {
				t.Errorf("%v: %d lines %.60q, want %d", err, len(got), got, len(tt.want))
			}
		})
	}
}

// broken is an S3 whose connections break after some bytes.
type broken struct {
	*awsfake.S3
	after []int // bytes of each connection; when they are used up, none breaks
}

func (b *broken) GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := b.S3.GetObject(ctx, in, opts...)
	if err == nil && len(b.after) > 0 {
		out.Body = io.NopCloser(io.MultiReader(io.LimitReader(out.Body, int64(b.after[0])), iotest.ErrReader(io.ErrUnexpectedEOF)))
		b.after = b.after[1:]
	}
	return out, err
}

// A connection that breaks loses no line and doubles none.
func TestLinesGoOn(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test is to be repeatable
	var want []string
	for i := range 20_000 {
		want = append(want, fmt.Sprintf("%d %x", i, random.Uint64()))
	}
	body := zipped(t, strings.Join(want, "\n")+"\n")
	read := func(after ...int) ([]string, error) {
		f := &broken{S3: awsfake.NewS3("logs"), after: after}
		put(t, f.S3, dir+"stdout.gz", body)
		return all(t, (&steplog.Archive{S3: f, Bucket: "logs"}).Lines(steplog.Log{Keys: []string{dir + "stdout.gz"}}))
	}
	half := len(body) / 2
	if got, err := read(half, 5, half/2, half+half/2, 100, 100); err != nil || !slices.Equal(want, got) {
		t.Errorf("%v, %d lines, want %d", err, len(got), len(want))
	}
	got, err := read(half, 9, 9, 9, 9)
	if err == nil || !strings.Contains(err.Error(), "read s3://logs/"+dir+"stdout.gz: ") || !slices.Equal(want[:len(got)], got) || len(got) == 0 {
		t.Errorf("after breaking for good: %v, %d lines", err, len(got))
	}
}

func TestLinesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	f := awsfake.NewS3("logs")
	put(t, f, "cut.gz", zipped(t, strings.Repeat("line\n", 5))[:20])
	put(t, f, "text.gz", []byte("this is no gzip file at all"))
	put(t, f, "empty.gz", nil)
	for key, want := range map[string]string{"cut.gz": "unexpected EOF", "text.gz": "invalid header", "none.gz": "NoSuchKey", "empty.gz": ""} {
		before := f.Calls("GetObject")
		_, err := all(t, (&steplog.Archive{S3: f, Bucket: "logs"}).Lines(steplog.Log{Keys: []string{key}}))
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", key, err, want)
		}
		if n := f.Calls("GetObject") - before; n > 4 {
			t.Errorf("%s: %d tries", key, n)
		}
	}
}

// 100 MB go through without being held.
func TestLinesTakeLittleMemory(t *testing.T) { //nolint:paralleltest // measures memory
	const line, lines = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789", 1 << 20
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	chunk := []byte(strings.Repeat(line+"\n", 1024))
	for range lines / 1024 {
		if _, err := z.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	f := awsfake.NewS3("logs")
	put(t, f, dir+"stdout.gz", b.Bytes())
	r := (&steplog.Archive{S3: f, Bucket: "logs"}).Lines(steplog.Log{Keys: []string{dir + "stdout.gz"}})
	defer r.Close()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for {
		got, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || got != line {
			t.Fatalf("line %d: %q, %v", n, got, err)
		}
		if n++; n%(lines/4) == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			if grown := int64(now.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 { //nolint:gosec // far below the limits
				t.Errorf("%d bytes are held after %d lines", grown, n)
			}
		}
	}
	if n != lines {
		t.Errorf("%d lines, want %d", n, lines)
	}
}
