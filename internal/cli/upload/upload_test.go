package upload_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/cli/progress"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/upload"
	"ephemr/internal/pack"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
)

var (
	_ upload.S3API = (*awsfake.S3)(nil)
	_ upload.S3API = (*awss3.Client)(nil)
)

// noise is an incompressible package: 20 MiB are three parts.
func noise(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("compressing 20 MiB takes seconds")
	}
	dir := t.TempDir()
	body := make([]byte, 20<<20)
	random := rand.NewChaCha8([32]byte{1})
	if _, err := random.Read(body); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "app.jar"), body, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func packed(t *testing.T, dir string) *pack.Package {
	t.Helper()
	p, err := pack.Build(dir, pack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A large package is uploaded in parts with a progress bar; the same content is
// not uploaded again.
func TestSendInParts(t *testing.T) {
	t.Parallel()
	dir := noise(t)
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		meter := progress.New(&terminal.IO{Err: &out, ErrTTY: true, Color: true, Width: 100}, false)
		s3 := awsfake.NewS3("artifacts")
		var parts atomic.Int64
		s3.Use(&awsfake.Hooks{Before: func(op string) error {
			if op == "S3:UploadPart" { // one after the other
				time.Sleep(time.Duration(parts.Add(1)) * 2 * time.Second)
			}
			return nil
		}})
		p := packed(t, dir)
		for i, want := range []bool{true, false} {
			fresh, err := upload.Send(t.Context(), s3, "artifacts", p, meter)
			if err != nil || fresh != want {
				t.Errorf("upload %d: sent %t, %v", i+1, fresh, err)
			}
		}
		if n := s3.Calls("UploadPart"); n < 3 || s3.Calls("PutObject") != 0 || int64(len(s3.Object("artifacts", p.Key()))) != p.Size {
			t.Errorf("%d parts, calls %v", n, s3.AllCalls())
		}
		if s := out.String(); !strings.Contains(s, "uploading ") || !strings.Contains(s, "% |█") || !strings.HasSuffix(s, "\x1b[2K\r") {
			t.Errorf("the bar is %q", s[:min(len(s), 500)])
		}
	})
}

// An object that was overwritten or cut is uploaded again, once.
func TestSendRepairs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "run.sh"), []byte("true"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := packed(t, dir)
	var body bytes.Buffer
	if _, err := p.WriteTo(&body); err != nil {
		t.Fatal(err)
	}
	other := bytes.Repeat([]byte("x"), body.Len())
	for name, in := range map[string]awss3.PutObjectInput{
		"other content of the same size":         {Body: bytes.NewReader(other)},
		"cut":                                    {Body: bytes.NewReader(body.Bytes()[:9]), Metadata: map[string]string{"sha256": p.SHA256}},
		"with the digest of another package":     {Body: bytes.NewReader(other), Metadata: map[string]string{"sha256": strings.Repeat("0", 64)}},
		"empty":                                  {},
		"the content, but of an unknown program": {Body: bytes.NewReader(body.Bytes())},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s3 := awsfake.NewS3("artifacts")
			in.Bucket, in.Key = new("artifacts"), new(p.Key())
			if _, err := s3.PutObject(t.Context(), &in); err != nil {
				t.Fatal(err)
			}
			for i, want := range []bool{true, false} {
				if sent, err := upload.Send(t.Context(), s3, "artifacts", p, nil); err != nil || sent != want {
					t.Errorf("upload %d: sent %t, %v", i+1, sent, err)
				}
			}
			if !bytes.Equal(s3.Object("artifacts", p.Key()), body.Bytes()) {
				t.Error("the object is not the package")
			}
		})
	}
}

// A failed upload leaves no object and no parts behind.
func TestSendThatFails(t *testing.T) {
	t.Parallel()
	dir := noise(t)
	p := packed(t, dir)
	for name, tt := range map[string]struct {
		during func(s3 *awsfake.S3, cancel context.CancelFunc)
		want   string
	}{
		"refused": {func(s3 *awsfake.S3, _ context.CancelFunc) { s3.FailNext("UploadPart", nil, awsfake.Throttled()) }, "Rate exceeded"},
		"interrupted": {func(s3 *awsfake.S3, cancel context.CancelFunc) {
			s3.Use(&awsfake.Hooks{Before: func(op string) error {
				if op == "S3:UploadPart" {
					cancel()
				}
				return nil
			}})
		}, "canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s3 := awsfake.NewS3("artifacts")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tt.during(s3, cancel)
			_, err := upload.Send(ctx, s3, "artifacts", p, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), p.Key()) {
				t.Errorf("got %v", err)
			}
			if len(s3.Keys("artifacts")) != 0 {
				t.Errorf("left: %q", s3.Keys("artifacts"))
			}
			if n := s3.Uploads(); n != 0 {
				t.Errorf("%d uploads are still open", n)
			}
		})
	}
}

// Jobs that share source and includes share a package; others do not.
func TestBuildShares(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"job/run.sh": "true", "lib/a.sh": "a"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec := &pipeline.Spec{Jobs: []pipeline.Job{
		{Name: "a", Type: "bash", Source: "job"},
		{Name: "b", Type: "bash", Source: "job", Include: []string{"lib"}},
		{Name: "c", Type: "bash", Source: "job", Include: []string{"lib"}},
	}}
	sources, err := upload.Build(spec, upload.From{Root: dir, Project: dir}, nil)
	if err != nil || len(sources) != 2 {
		t.Fatalf("%d packages, %v", len(sources), err)
	}
	if a, b, c := spec.Jobs[0].Package.Key, spec.Jobs[1].Package.Key, spec.Jobs[2].Package.Key; a == b || b != c {
		t.Errorf("packages %s, %s, %s", a, b, c)
	}
}
