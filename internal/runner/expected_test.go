package runner_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
)

// dated is a bucket whose objects were written at given times, in whole seconds as
// S3 lists them. Others do not exist.
type dated struct {
	*bucket
	written map[string]time.Time // zero = just now
	err     error
}

func (d *dated) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, o ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	if d.err != nil {
		return nil, d.err
	}
	out, err := d.bucket.ListObjectsV2(ctx, in, o...)
	for i, c := range out.Contents {
		at := d.written[*c.Key]
		if at.IsZero() {
			at = time.Now()
		}
		out.Contents[i].LastModified = new(at.Truncate(time.Second)) // as S3 has it
	}
	return out, err
}

// A program that ends with 0 and wrote nothing where it was expected to is not a
// success.
func TestExpect(t *testing.T) {
	t.Parallel()
	start := time.Now()
	for name, tt := range map[string]struct {
		script  string
		expect  []string
		written map[string]time.Time
		err     error
		class   job.Class
		code    int
		reason  string
	}{
		"written":             {expect: []string{"s3://b/out/"}, written: map[string]time.Time{"out/part-0": start.Add(time.Minute)}},
		"in the same second":  {expect: []string{"s3://b/out/"}, written: map[string]time.Time{"out/part-0": {}}},
		"beside older files":  {expect: []string{"s3://b/out"}, written: map[string]time.Time{"out/a": start.Add(-time.Hour), "out/b": start.Add(time.Minute)}},
		"one object":          {expect: []string{"s3://b/out/a.csv"}, written: map[string]time.Time{"out/a.csv": start.Add(time.Minute)}},
		"nothing":             {expect: []string{"s3://b/out/"}, class: job.ClassData, code: 65, reason: "exited with code 0, but wrote nothing to s3://b/out/ since 20"},
		"older files only":    {expect: []string{"s3://b/out/"}, written: map[string]time.Time{"out/a": start.Add(-time.Hour)}, class: job.ClassData, code: 65, reason: "the newest of 1 files is of"},
		"a marker only":       {expect: []string{"s3://b/out/"}, written: map[string]time.Time{"out/_SUCCESS": start.Add(time.Minute)}, class: job.ClassData, code: 65, reason: "no files"},
		"beside the prefix":   {expect: []string{"s3://b/out/"}, written: map[string]time.Time{"output/a": start.Add(time.Minute)}, class: job.ClassData, code: 65, reason: "no files"},
		"one of two":          {expect: []string{"s3://b/out/", "s3://b/log/"}, written: map[string]time.Time{"out/a": start.Add(time.Minute)}, class: job.ClassData, code: 65, reason: "wrote nothing to s3://b/log/"},
		"may not be listed":   {expect: []string{"s3://b/out/"}, err: apiError("AccessDenied"), class: job.ClassPermission, code: 69, reason: "look for what the job was expected to write to s3://b/out/"},
		"nothing to do":       {script: "exit 77", expect: []string{"s3://b/out/"}, code: 77},
		"failed by itself":    {script: "exit 3", expect: []string{"s3://b/out/"}, class: job.ClassJob, code: 3, reason: "exited 3"},
		"no expectation here": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			for key := range tt.written {
				b.s3.objects[key] = []byte("x")
			}
			b.S3 = &dated{bucket: b.s3, written: tt.written, err: tt.err}
			s := b.bash("echo rows=1 >>$EPHEMR_OUTPUT\n" + tt.script)
			s.Expect = tt.expect
			_, got := b.run(t.Context(), s)
			if got.Class != tt.class || got.ExitCode != tt.code || !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("class %q, exit code %d, reason %q", got.Class, got.ExitCode, got.Reason)
			}
		})
	}
}

// A check with writtenBy fails on data that is older than the run, of any format.
func TestWrittenByRun(t *testing.T) {
	t.Parallel()
	began := time.Now().Add(-time.Hour)
	for name, tt := range map[string]struct {
		written map[string]time.Time
		class   job.Class
		found   string
	}{
		"by this run":    {map[string]time.Time{"lake/a.csv": began.Add(time.Minute)}, "", "the newest of 1 files is of"},
		"by another run": {map[string]time.Time{"lake/a.csv": began.Add(-time.Minute)}, job.ClassData, "written by this run, which began at "},
		"by nothing":     {nil, job.ClassData, "no files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			for key := range tt.written {
				b.s3.objects[key] = []byte("x")
			}
			b.S3 = &dated{bucket: b.s3, written: tt.written}
			s := b.bash("")
			s.Type, s.Package, s.PackageSHA256, s.Entry, s.Began = job.Quality, "", "", "", began
			s.Checks = []job.Check{{Dataset: "s3://bucket/lake/", WrittenBy: job.WrittenByRun}}
			_, got := b.run(t.Context(), s)
			if got.Class != tt.class || !strings.Contains(b.stdout.String(), tt.found) {
				t.Errorf("class %q, %s", got.Class, b.stdout)
			}
		})
	}
}

// What the program left is in the Result although the check afterwards failed.
func TestExpectKeepsTheResult(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.S3 = &dated{bucket: b.s3, err: apiError("AccessDenied")}
	s := b.bash("sleep 300 & echo rows=3 >>$EPHEMR_OUTPUT")
	s.Expect, s.Background = []string{"s3://b/out/"}, job.BackgroundKill
	if code, res := b.run(t.Context(), s); code != 69 || len(res.Background) != 1 || res.Outputs["rows"] != "3" {
		t.Errorf("exit %d, %+v", code, res)
	}
}
