package cases_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"ephemr/internal/cli/progress"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/upload"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/runner"
	"ephemr/internal/stage"
)

// shims are spark-submit, hive and hadoop of the laptop's region.
var shims = must(filepath.Abs("../../scripts/shims"))

func must(path string, err error) string {
	if err != nil {
		panic(err)
	}
	return path
}

// TestMain puts the programs of the region first in PATH, where the runner looks
// for them.
func TestMain(m *testing.M) {
	if err := os.Setenv("PATH", shims+":"+os.Getenv("PATH")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// bench is a runner on a bucket of its own.
type bench struct {
	bucket
	home string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return &bench{bucket: bucket{objects: map[string][]byte{}}, home: t.TempDir()}
}

// pack packages a job and stores it, as ephemr submit does.
func (b *bench) pack(dir string, s source) (job.Spec, error) {
	if s.Source == "" {
		s.Source = "job"
	}
	p := pipeline.Spec{Jobs: []pipeline.Job{{Name: "case", Type: job.Type(s.Type), Source: s.Source, Entry: s.Entry}}}
	sources, err := upload.Build(&p, upload.From{Root: dir, Project: dir}, silent())
	if err != nil {
		return job.Spec{}, err
	}
	var zip bytes.Buffer
	if _, err := sources[0].Package.WriteTo(&zip); err != nil {
		return job.Spec{}, err
	}
	ref := sources[0].Package.Ref()
	limit := 120
	if job.Type(s.Type) == job.DBT { // which is installed first
		limit = 900
	}
	b.objects[ref.Key] = zip.Bytes()
	return job.Spec{
		RunID: "case-1", Job: "case", Attempt: 1, Type: job.Type(s.Type), Package: "s3://b/" + ref.Key, PackageSHA256: ref.SHA256, Venvs: "s3://b/venvs",
		Entry: p.Jobs[0].Entry, Class: s.Class, Args: s.Args, Vars: s.Vars, Conf: s.Conf, Env: s.Env, TimeoutSeconds: limit, Result: "s3://b/" + result,
	}, nil
}

const result = "runs/case-1/case/1/result.json"

// apply validates a pipeline file as ephemr apply --dry-run does.
func apply(dir, file string) error {
	text, err := os.ReadFile(filepath.Join(dir, file)) //nolint:gosec // of a case
	if err != nil {
		return err
	}
	spec, err := pipeline.Parse(file, text, pipeline.WithZones("raw", "curated"))
	if err == nil {
		err = register.Check(spec, stage.Settings{})
	}
	if err == nil {
		_, err = upload.Build(&spec, upload.From{Root: dir, Project: dir}, silent())
	}
	return err
}

func silent() *progress.Meter {
	return progress.New(&terminal.IO{Out: io.Discard, Err: io.Discard}, true)
}

// execute runs an attempt and returns its Result and what it printed.
func (b *bench) execute(ctx context.Context, t *testing.T, s job.Spec, dir string) (res job.Result, stdout, stderr string) {
	t.Helper()
	body, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	b.objects["runs/case-1/case/1/job.json"] = body
	delete(b.objects, "runs/case-1/case/1/started.json")
	delete(b.objects, result)
	var out, errs lockedBuffer
	environ := []string{"LANG=C.UTF-8", "CASE=" + dir}
	for _, e := range os.Environ() { // pip may need a mirror, and Java its home
		if name, _, _ := strings.Cut(e, "="); !strings.HasPrefix(name, "LC_") && name != "LANG" && name != "PYTHONUTF8" {
			environ = append(environ, e)
		}
	}
	r := runner.Runner{
		S3: &b.bucket, Stdout: &out, Stderr: &errs, Environ: environ, Home: b.home, Now: time.Now,
		Wait: time.Millisecond, Flush: time.Second, Settle: 3 * time.Second, Linger: 300 * time.Millisecond,
	}
	r.Run(ctx, "s3://b/runs/case-1/case/1/job.json")
	if err := json.Unmarshal(b.objects[result], &res); err != nil {
		t.Fatalf("result: %v, %s", err, errs.String())
	}
	return res, out.String(), errs.String()
}

// lockedBuffer takes the streams of a program.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// bucket is an S3 of one bucket.
type bucket struct{ objects map[string][]byte }

func (b *bucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	body, ok := b.objects[*in.Key]
	if !ok {
		return nil, &smithy.GenericAPIError{Code: "NoSuchKey"}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(body))}, nil
}

func (b *bucket) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if _, ok := b.objects[*in.Key]; ok && aws.ToString(in.IfNoneMatch) == "*" {
		return nil, &smithy.GenericAPIError{Code: "PreconditionFailed"}
	}
	body, err := io.ReadAll(in.Body)
	b.objects[*in.Key] = body
	return &s3.PutObjectOutput{}, err
}

func (b *bucket) ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	return &s3.ListObjectsV2Output{}, nil
}
