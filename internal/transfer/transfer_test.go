package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/transfer"
)

var (
	_ transfer.S3API = (*awsfake.S3)(nil)
	_ transfer.S3API = (*s3.Client)(nil)
)

// large is a file of three parts.
var large = sync.OnceValue(func() []byte {
	body := make([]byte, 2*transfer.PartSize+1000)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(body)
	return body
})

// folder writes files into a directory, and returns it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), []byte(text))
	}
	return dir
}

func write(t *testing.T, path string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run uploads a selection, and returns "source state sent" by key below the prefix.
func run(ctx context.Context, t *testing.T, u transfer.Upload, s transfer.Selection) (map[string]string, error) {
	t.Helper()
	first, last, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	u.Bucket, u.Parallel = "raw", 4
	results, err := u.Run(ctx, first, last)
	got := map[string]string{}
	for _, r := range results {
		got[strings.TrimPrefix(r.URI, "s3://raw/"+s.Prefix)] = fmt.Sprintf("%s %d of %d", r.State, r.Sent, r.Bytes)
	}
	return got, err
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.csv": "1", "dt=2026-01-01/b.csv": "22", "empty": "", "x.tmp": "no", "tmp/y": "no"})
	write(t, filepath.Join(dir, "large"), large())
	store := awsfake.NewS3("raw")
	s := transfer.Selection{Sources: []string{dir}, Prefix: "in/", Exclude: []string{"*.tmp", "tmp/**"}}
	var done, all int64
	u := transfer.Upload{S3: store, Progress: func(d, a int64) { done, all = d, a }}
	got, err := run(t.Context(), t, u, s)
	size := len(large())
	want := map[string]string{
		"a.csv": "uploaded 1 of 1", "dt=2026-01-01/b.csv": "uploaded 2 of 2", "empty": "uploaded 0 of 0",
		"large": fmt.Sprintf("uploaded %d of %d", size, size),
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v\n%s", err, diff)
	}
	if !bytes.Equal(store.Object("raw", "in/large"), large()) || string(store.Object("raw", "in/dt=2026-01-01/b.csv")) != "22" {
		t.Error("the objects are not the files")
	}
	if done != int64(size)+3 || all != done {
		t.Errorf("progress %d of %d", done, all)
	}
}

// What S3 has with the same content is not uploaded again, unless it is forced.
func TestAgain(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.csv": "1", "b.csv": "22", "empty": ""})
	write(t, filepath.Join(dir, "large"), large())
	size := len(large())
	store := awsfake.NewS3("raw")
	s := transfer.Selection{Sources: []string{dir}, Prefix: "in/"}
	u := transfer.Upload{S3: store}
	if _, err := run(t.Context(), t, u, s); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a.csv"), []byte("2")) // of the same size
	calls := store.Calls("UploadPart")
	got, err := run(t.Context(), t, u, s)
	want := map[string]string{
		"a.csv": "uploaded 1 of 1", "b.csv": "unchanged 0 of 2", "empty": "unchanged 0 of 0", "large": fmt.Sprintf("unchanged 0 of %d", size),
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" || store.Calls("UploadPart") != calls {
		t.Errorf("again: %v, %d parts\n%s", err, store.Calls("UploadPart")-calls, diff)
	}
	u.Force = true
	if got, err = run(t.Context(), t, u, s); err != nil || got["a.csv"] != "uploaded 1 of 1" || !strings.HasPrefix(got["large"], "uploaded") {
		t.Errorf("forced: %v, %v", got, err)
	}
}

// The second of three parts is refused: what was sent stays, and the next upload sends the rest.
func TestResume(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "large")
	write(t, path, large())
	s := transfer.Selection{Sources: []string{path}, Prefix: "in/large"}
	for name, tt := range map[string]struct {
		between func(*testing.T, *awsfake.S3)
		want    string
	}{
		"the rest":      {want: fmt.Sprintf("resumed %d of %d", len(large())-transfer.PartSize, len(large()))},
		"no right":      {func(_ *testing.T, f *awsfake.S3) { f.FailNext("ListMultipartUploads", denied) }, fmt.Sprintf("uploaded %d of %[1]d", len(large()))},
		"other content": {func(t *testing.T, _ *awsfake.S3) { t.Helper(); write(t, path+"2", append([]byte{1}, large()[1:]...)) }, fmt.Sprintf("uploaded %d of %[1]d", len(large()))},
		"aborted by now": {func(_ *testing.T, f *awsfake.S3) {
			f.FailNext("UploadPart", nil, &types.NoSuchUpload{Message: new("The specified upload does not exist.")})
		}, fmt.Sprintf("uploaded %d of %[1]d", len(large()))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := awsfake.NewS3("raw")
			interrupt(t, store, s)
			s := s
			if tt.between != nil {
				tt.between(t, store)
			}
			if name == "other content" {
				s.Sources = []string{path + "2"}
			}
			got, err := run(t.Context(), t, transfer.Upload{S3: store}, s)
			if err != nil || got[""] != tt.want {
				t.Errorf("got %q, %v; want %q", got[""], err, tt.want)
			}
			want, _ := os.ReadFile(s.Sources[0])
			if !bytes.Equal(store.Object("raw", "in/large"), want) {
				t.Error("the object is not the file")
			}
		})
	}
}

// interrupt uploads all parts but the second.
func interrupt(t *testing.T, store *awsfake.S3, s transfer.Selection) {
	t.Helper()
	first, last, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	u := transfer.Upload{S3: refusing{store}, Bucket: "raw", Parallel: 1}
	if _, err := u.Run(t.Context(), first, last); !errors.Is(err, errRefused) || !strings.HasPrefix(err.Error(), "upload "+first[0].Path+" to s3://raw/in/large: ") {
		t.Fatalf("got %v", err)
	}
	if store.Object("raw", "in/large") != nil || store.Uploads() != 1 {
		t.Fatalf("%d open uploads", store.Uploads())
	}
}

var denied = &smithy.GenericAPIError{Code: "AccessDenied", Message: "Access Denied"}

var errRefused = errors.New("refused by the test")

// refusing takes no second part.
type refusing struct{ *awsfake.S3 }

func (r refusing) UploadPart(ctx context.Context, in *s3.UploadPartInput, o ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	if *in.PartNumber == 3 {
		return r.S3.UploadPart(ctx, in, o...)
	}
	if *in.PartNumber == 2 {
		return nil, errRefused
	}
	return r.S3.UploadPart(ctx, in, o...)
}

// The answer to the last request is lost: S3 has the object, and the repeated request finds no
// upload.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "large")
	write(t, path, large())
	store := awsfake.NewS3("raw")
	got, err := run(t.Context(), t, transfer.Upload{S3: losing{store}}, transfer.Selection{Sources: []string{path}, Prefix: "in/large"})
	if err != nil || !strings.HasPrefix(got[""], "uploaded") || store.Calls("CreateMultipartUpload") != 1 {
		t.Errorf("got %v, %v, %d uploads", got, err, store.Calls("CreateMultipartUpload"))
	}
}

// losing completes uploads twice.
type losing struct{ *awsfake.S3 }

func (l losing) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, o ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	if _, err := l.S3.CompleteMultipartUpload(ctx, in, o...); err != nil {
		return nil, err
	}
	return l.S3.CompleteMultipartUpload(ctx, in, o...)
}

// A file that is written meanwhile is no object, or not with a mixture of both contents.
func TestChanging(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"one request": 1000, "parts": len(large())} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file")
			write(t, path, large()[:size])
			first, last, err := transfer.Selection{Sources: []string{path}, Prefix: "file"}.Plan()
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, large()[1:size])
			store := awsfake.NewS3("raw")
			_, err = transfer.Upload{S3: store, Bucket: "raw", Parallel: 2}.Run(t.Context(), first, last)
			if err == nil || store.Object("raw", "file") != nil {
				t.Errorf("got %v, and an object of %d bytes", err, len(store.Object("raw", "file")))
			}
		})
	}
}

// Files of --last are uploaded when all others are complete, and not at all if one fails.
func TestLast(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"_SUCCESS": "", "a": "1", "b": "2", "z": "3"})
	for name, fail := range map[string]bool{"all": false, "one fails": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := awsfake.NewS3("raw")
			var early atomic.Bool
			store.Use(&awsfake.Hooks{Before: func(op string) error {
				if op == "S3:PutObject" && len(store.Keys("raw")) < 3 && store.Object("raw", "in/_SUCCESS") != nil {
					early.Store(true)
				}
				return nil
			}})
			if fail {
				store.FailNext("PutObject", nil, denied)
			}
			got, err := run(t.Context(), t, transfer.Upload{S3: store}, transfer.Selection{Sources: []string{dir}, Prefix: "in/", Last: []string{"_SUCCESS"}})
			if early.Load() || (err != nil) != fail || (got["_SUCCESS"] == "") != fail {
				t.Errorf("early %t, got %v, %v", early.Load(), got, err)
			}
		})
	}
}

func TestPlanFaults(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a/x": "1", "b/x": "2", "d/" + strings.Repeat("k", 200): ""})
	for _, link := range [][2]string{{"a", "link"}, {"nowhere", "broken"}} {
		if err := os.Symlink(filepath.Join(dir, link[0]), filepath.Join(dir, "a", link[1])); err != nil {
			t.Fatal(err)
		}
	}
	at := func(names ...string) (all []string) {
		for _, name := range names {
			all = append(all, filepath.Join(dir, name))
		}
		return all
	}
	_, _, err := transfer.Selection{Sources: at("a", "b", "gone", "d"), Prefix: strings.Repeat("p", 900) + "/", Exclude: []string{"["}}.Plan()
	want := []string{
		`invalid pattern "[" (examples: *.tmp, archive/**)`,
		"stat DIR/a/broken: no such file or directory",
		"DIR/a/link is a symbolic link to a directory; name the directory itself as a source, or use --exclude",
		"DIR/a/x and DIR/b/x would be the same object, P/x",
		"stat DIR/gone: no such file or directory",
		"DIR/d/K: the key has 1101 bytes; S3 allows 1024",
	}
	got := strings.NewReplacer(dir, "DIR", strings.Repeat("p", 900), "P", strings.Repeat("k", 200), "K").Replace(fmt.Sprint(err))
	if diff := cmp.Diff(want, strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a/x": "1", "b/x": "2"})
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "a"), link); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		s    transfer.Selection
		want string // of the keys, or of the error
	}{
		"a directory as a key": {transfer.Selection{Sources: []string{dir}, Prefix: "key"}, "is a directory; end the target with /"},
		"no files":             {transfer.Selection{Sources: []string{t.TempDir()}, Prefix: "p/"}, "no files"},
		"two files as a key": {
			transfer.Selection{Sources: []string{filepath.Join(dir, "a", "x"), filepath.Join(dir, "b", "x")}, Prefix: "key"}, "the target is the key of one file",
		},
		"a link to a directory": {transfer.Selection{Sources: []string{link}, Prefix: "p/"}, "p/x"},
		"a file":                {transfer.Selection{Sources: []string{filepath.Join(dir, "a", "x")}, Prefix: "p/"}, "p/x"},
		"a key":                 {transfer.Selection{Sources: []string{filepath.Join(dir, "a", "x")}, Prefix: "p/y"}, "p/y"},
		"the bucket":            {transfer.Selection{Sources: []string{filepath.Join(dir, "a")}}, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, _, err := tt.s.Plan()
			if len(first) == 1 && (err != nil || first[0].Key != tt.want) || len(first) != 1 && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, %v", first, err)
			}
		})
	}
}
