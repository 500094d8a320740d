package generate_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/generate"
	"ephemr/internal/proof/awsfake"
)

var (
	_ generate.S3API = (*awsfake.S3)(nil)
	_ generate.S3API = (*s3.Client)(nil)
)

// cancelled returns a spec that cancels its context in the middle of the work.
func cancelled(t *testing.T, s generate.Spec) (context.Context, generate.Spec) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s.Progress = func(done, all int64) {
		if done > all/2 {
			cancel()
		}
	}
	return ctx, s
}

// A cancelled command leaves nothing, not even the directories that it made.
func TestCancelFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, s := cancelled(t, spec("orders", generate.CSV))
	for _, path := range []string{filepath.Join(dir, "new", "orders"), dir} {
		if _, err := generate.Run(ctx, s, &generate.Folder{Path: path}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left in %s: %v, %v", path, left, err)
		}
	}
}

// A dataset that is overwritten is readable until the new one is complete.
func TestOverwriteFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, spec("orders", generate.CSV), dir)
	old := sums(t, dir)
	ctx, s := cancelled(t, spec("events", generate.Parquet))
	if _, err := generate.Run(ctx, s, &generate.Folder{Path: dir, Overwrite: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff(old, sums(t, dir)); d != "" {
		t.Errorf("after a cancelled command: %s", d)
	}
	s.Progress, s.Days = nil, 1
	if _, err := generate.Run(t.Context(), s, &generate.Folder{Path: dir, Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	for name := range sums(t, dir) {
		if !strings.HasPrefix(name, "dt=2026-02-27/") && name != generate.Success {
			t.Errorf("%s is left", name)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v", entries, err)
	}
}

// Files of others are never overwritten.
func TestNotEmpty(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file      string
		overwrite bool
		want      string // "" = written
	}{
		"a dataset":                {"dt=2026-01-01/part-00000.parquet", false, "is not empty (dt=2026-01-01/part-00000.parquet); use another one, or --overwrite"},
		"a dataset, overwritten":   {"dt=2026-01-01/part-00000.parquet", true, ""},
		"the mark, overwritten":    {"_SUCCESS", true, ""},
		"left by a killed command": {".ephemr-generate-1/dt=2026-01-01/part-00000.parquet", true, ""},
		"another file":             {"notes.txt", false, "has notes.txt, which is not a file of a generated dataset"},
		"another file, overwrite":  {"notes.txt", true, "has notes.txt, which is not a file of a generated dataset"},
		"a table, overwrite":       {"dt=2026-01-01/data.parquet", true, "has dt=2026-01-01/data.parquet, which is not a file of a generated dataset"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, filepath.FromSlash(tt.file))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("x"), 0o600)); err != nil {
				t.Fatal(err)
			}
			fake := awsfake.NewS3("raw")
			if _, err := fake.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new("raw"), Key: new("orders/" + tt.file), Body: strings.NewReader("x")}); err != nil {
				t.Fatal(err)
			}
			s := spec("orders", generate.CSV)
			s.Rows, s.Days = 100, 1
			for _, to := range []generate.Target{
				&generate.Folder{Path: dir, Overwrite: tt.overwrite},
				&generate.Bucket{S3: fake, Bucket: "raw", Prefix: "orders", Overwrite: tt.overwrite},
			} {
				_, err := generate.Run(t.Context(), s, to)
				if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%T: got %v, want %q", to, err, tt.want)
				}
			}
			_, err := os.Stat(path)
			if kept := err == nil && fake.Object("raw", "orders/"+tt.file) != nil; kept != (tt.want != "" || tt.file == generate.Success) {
				t.Errorf("kept: %t", kept)
			}
		})
	}
}

func TestTargetIsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "orders")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := generate.Run(t.Context(), spec("orders", generate.CSV), &generate.Folder{Path: path, Overwrite: true}); err == nil || !strings.Contains(err.Error(), "is a file; use a directory") {
		t.Errorf("got %v", err)
	}
}

// Files are uploaded in parts, and are the same as in a directory.
func TestBucket(t *testing.T) {
	t.Parallel()
	s := spec("orders", generate.Parquet)
	s.Rows, s.Days, s.FileRows = 300_000, 1, 300_000 // more than a part
	fake, dir := awsfake.NewS3("raw"), t.TempDir()
	var order []string
	const part = "orders/dt=2026-02-27/part-00000.parquet"
	fake.Use(&awsfake.Hooks{Before: func(op string) error {
		if op == "S3:PutObject" {
			order = fake.Keys("raw")
		}
		return nil
	}})
	if _, err := generate.Run(t.Context(), s, &generate.Bucket{S3: fake, Bucket: "raw", Prefix: "orders"}); err != nil {
		t.Fatal(err)
	}
	write(t, s, dir)
	for name := range sums(t, dir) {
		body, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // the test's file
		if err != nil || string(body) != string(fake.Object("raw", "orders/"+name)) {
			t.Errorf("%s differs from the one in the directory: %v", name, err)
		}
	}
	if d := cmp.Diff([]string{part}, order); d != "" || fake.Calls("UploadPart") < 2 {
		t.Errorf("before the mark: %s, calls %v", d, fake.AllCalls())
	}
	paths(t, fake.Object("raw", part), 3)
}

// Whatever fails, nothing is left in the bucket.
func TestFailedBucket(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]string{"cancelled": "", "an upload fails": "S3:UploadPart", "the last upload fails": "S3:CompleteMultipartUpload", "the mark fails": "S3:PutObject"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec("orders", generate.JSONL)
			s.Rows, s.Days, s.FileRows = 90_000, 1, 45_000 // more than a part each
			ctx := t.Context()
			fake := awsfake.NewS3("raw")
			if fails == "" {
				ctx, s = cancelled(t, s)
			}
			fake.Use(&awsfake.Hooks{Before: func(op string) error {
				if op == fails {
					return errors.New("refused by the test")
				}
				return nil
			}})
			_, err := generate.Run(ctx, s, &generate.Bucket{S3: fake, Bucket: "raw", Prefix: "orders"})
			if err == nil {
				t.Fatal("no error")
			}
			if left := fake.Keys("raw"); len(left) > 0 || fake.Uploads() > 0 {
				t.Errorf("%v, left %v, %d uploads", err, left, fake.Uploads())
			}
		})
	}
}
