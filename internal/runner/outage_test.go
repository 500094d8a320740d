package runner_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
	"ephemr/internal/runner"
)

// outage is a bucket that takes no result for a time.
type outage struct {
	*bucket
	until time.Time
	code  string // of the refusals; empty = it does not answer
	puts  int
}

func (o *outage) PutObject(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if strings.HasSuffix(*in.Key, "result.json") {
		o.puts++
		if time.Now().Before(o.until) && o.code != "" {
			return nil, apiError(o.code)
		}
		if time.Now().Before(o.until) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}
	return o.bucket.PutObject(ctx, in, opts...)
}

// A result that S3 does not take for minutes is written as long as the step may
// run: otherwise a success would be lost.
func TestResultDuringAnOutage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		lasts, cancel time.Duration
		code          string
		want          int // exit code; 64 is that of the Spec here
		atMost        time.Duration
	}{
		"refused for 20 minutes":  {lasts: 20 * time.Minute, code: "SlowDown", want: 64, atMost: 21 * time.Minute},
		"silent for 20 minutes":   {lasts: 20 * time.Minute, want: 64, atMost: 21 * time.Minute},
		"cancelled, back in time": {lasts: 11 * time.Minute, cancel: 10 * time.Minute, code: "InternalError", want: 64, atMost: 12 * time.Minute},
		"cancelled, not back":     {lasts: time.Hour, cancel: 10 * time.Minute, code: "SlowDown", want: runner.ExitUnwritten, atMost: 13 * time.Minute},
		"denied for a moment":     {lasts: 2 * time.Second, code: "AccessDenied", want: 64, atMost: time.Minute},
		"denied for good":         {lasts: time.Hour, code: "AccessDenied", want: runner.ExitUnwritten, atMost: time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				began := time.Now()
				o := &outage{bucket: b.s3, until: began.Add(tt.lasts), code: tt.code}
				b.S3, b.Wait = o, 500*time.Millisecond
				b.s3.objects[dir+"/job.json"] = []byte("{")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, cancel)
				}
				code, res := b.runObject(ctx)
				if took := time.Since(began); code != tt.want || took > tt.atMost || o.puts > 400 {
					t.Errorf("exit %d after %s and %d tries: %s", code, took, o.puts, b.stderr)
				}
				if (tt.want == 64) != (res.Class == job.ClassInvalid) {
					t.Errorf("result %+v", res)
				}
			})
		})
	}
}
