package runner_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"ephemr/internal/job"
	"ephemr/internal/runner"
	"ephemr/internal/runner/logstream"
)

var (
	_ runner.S3API  = (*bucket)(nil)
	_ runner.S3API  = (*s3.Client)(nil)
	_ logstream.API = (*logs)(nil)
	_ logstream.API = (*cloudwatchlogs.Client)(nil)
)

// bucket is an S3 of one bucket.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	denied  string             // keys with this suffix are refused
	fail    map[string][]error // by operation and base name, consumed in order
	lost    bool               // the next put happens, and its answer is lost
}

func (b *bucket) next(ctx context.Context, op, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := op + " " + key[strings.LastIndex(key, "/")+1:]
	if b.denied != "" && strings.HasSuffix(key, b.denied) {
		return apiError("AccessDenied")
	}
	if q := b.fail[name]; len(q) > 0 {
		b.fail[name] = q[1:]
		return q[0]
	}
	return nil
}

func (b *bucket) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.next(ctx, "get", *in.Key); err != nil {
		return nil, err
	}
	body, ok := b.objects[*in.Key]
	if !ok {
		return nil, apiError("NoSuchKey")
	}
	if in.Range != nil {
		var first, last int
		if _, err := fmt.Sscanf(*in.Range, "bytes=%d-%d", &first, &last); err != nil {
			return nil, apiError("InvalidRange")
		}
		body = body[first : last+1]
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(body)), ContentLength: aws.Int64(int64(len(body)))}, nil
}

func (b *bucket) PutObject(ctx context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.next(ctx, "put", *in.Key); err != nil {
		return nil, err
	}
	if _, ok := b.objects[*in.Key]; ok && aws.ToString(in.IfNoneMatch) == "*" {
		return nil, apiError("PreconditionFailed")
	}
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	b.objects[*in.Key] = body
	if b.lost {
		b.lost = false
		return nil, io.ErrUnexpectedEOF
	}
	return &s3.PutObjectOutput{}, nil
}

func (b *bucket) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := &s3.ListObjectsV2Output{}
	for key, body := range b.objects {
		if strings.HasPrefix(key, *in.Prefix) {
			out.Contents = append(out.Contents, types.Object{Key: &key, Size: aws.Int64(int64(len(body))), LastModified: aws.Time(time.Now())})
		}
	}
	return out, nil
}

// apiError is as wordy as the SDK's.
func apiError(code string) error {
	return &smithy.OperationError{ServiceID: "S3", OperationName: "Some", Err: &smithy.GenericAPIError{Code: code, Message: "no"}}
}

// logs is a CloudWatch Logs that keeps messages by stream.
type logs struct {
	mu      sync.Mutex
	streams map[string][]string
	err     error
}

func (l *logs) CreateLogStream(context.Context, *cloudwatchlogs.CreateLogStreamInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	return &cloudwatchlogs.CreateLogStreamOutput{}, l.err
}

func (l *logs) PutLogEvents(_ context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	for _, e := range in.LogEvents {
		l.streams[*in.LogStreamName] = append(l.streams[*in.LogStreamName], *e.Message)
	}
	return &cloudwatchlogs.PutLogEventsOutput{}, nil
}

// GetLogEvents tells that nothing is there: every call that came was answered.
func (l *logs) GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	return &cloudwatchlogs.GetLogEventsOutput{}, l.err
}

const dir = "runs/r-1/clean/1"

// bench is a runner with everything around it.
type bench struct {
	*testing.T
	runner.Runner
	s3             *bucket
	logs           *logs
	stdout, stderr *buffer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		T: t, s3: &bucket{objects: map[string][]byte{}, fail: map[string][]error{}},
		logs: &logs{streams: map[string][]string{}}, stdout: &buffer{}, stderr: &buffer{},
	}
	b.Runner = runner.Runner{
		S3: b.s3, Logs: b.logs, Stdout: b.stdout, Stderr: b.stderr,
		Environ: []string{"PATH=" + os.Getenv("PATH"), "FROM_STEP=yes"}, Home: t.TempDir(), Now: time.Now,
		Wait: time.Millisecond, Settle: 300 * time.Millisecond, Flush: 5 * time.Second,
	}
	return b
}

// bash is the Spec of a job with one script.
func (b *bench) bash(script string) job.Spec {
	return b.spec(job.Bash, map[string]string{"run.sh": script})
}

// spec is the Spec of a job with files; a name that ends in "*" is executable.
func (b *bench) spec(kind job.Type, files map[string]string) job.Spec {
	b.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range files {
		h := &zip.FileHeader{Name: strings.TrimSuffix(name, "*"), Method: zip.Deflate}
		h.SetMode(0o644)
		if h.Name != name {
			h.SetMode(0o755)
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	sum := sha256.Sum256(buf.Bytes())
	b.s3.objects["packages/p.zip"] = buf.Bytes()
	return job.Spec{
		RunID: "r-1", Job: "clean", Attempt: 1, Type: kind, Entry: "run.sh",
		Package: "s3://b/packages/p.zip", Venvs: "s3://b/venvs", PackageSHA256: hex.EncodeToString(sum[:]),
		LogGroup: "/ephemr/test", StreamPrefix: dir, Result: "s3://b/" + dir + "/result.json", GraceSeconds: 1,
	}
}

// run executes s and returns the exit code and the Result that was written.
func (b *bench) run(ctx context.Context, s job.Spec) (int, job.Result) {
	b.Helper()
	body, err := json.Marshal(s)
	if err != nil {
		b.Fatal(err)
	}
	b.s3.objects[dir+"/job.json"] = body
	return b.runObject(ctx)
}

func (b *bench) runObject(ctx context.Context) (int, job.Result) {
	b.Helper()
	code := b.Runner.Run(ctx, "s3://b/"+dir+"/job.json")
	var res job.Result
	if body, ok := b.s3.objects[dir+"/result.json"]; ok {
		if err := json.Unmarshal(body, &res); err != nil {
			b.Fatal(err)
		}
	}
	if left, _ := os.ReadDir(b.Home + "/work"); len(left) > 0 {
		b.Errorf("work directory left behind: %v", left)
	}
	return code, res
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// sharing is a bucket whose environments are those of another.
type sharing struct {
	*bucket
	with *bucket
}

func (s *sharing) of(key string) *bucket {
	if strings.HasPrefix(key, "venvs/") {
		return s.with
	}
	return s.bucket
}

func (s *sharing) GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return s.of(*in.Key).GetObject(ctx, in, opts...)
}

func (s *sharing) PutObject(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return s.of(*in.Key).PutObject(ctx, in, opts...)
}
