package runlog_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/runlog"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/view/follow"
)

func newFollower() (*follow.Follower, *store.Runs) {
	runs := &store.Runs{Table: "runs", DB: awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
		{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
	}})}
	return &follow.Follower{Runs: runs, Logs: awsfake.NewLogs("group"), Group: "group", Within: 10 * time.Second}, runs
}

// A run that has ended is printed from its beginning, at once.
func TestFollowAnEndedRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, runs := newFollower()
		at := time.Now().Add(-time.Hour)
		r := run.Run{
			ID: "r", Pipeline: "flights", State: run.Cancelled, Reason: "asked\nfor", LogicalTime: at, RequestedAt: at,
			AdmittedAt: at.Add(time.Second), StartedAt: at.Add(2 * time.Second), EndedAt: at.Add(90 * time.Second), Trigger: run.Trigger{Kind: run.BySchedule},
		}
		if _, _, err := runs.Create(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		rec, err := runlog.Follow(t.Context(), f, "r", runlog.Combined(&terminal.IO{Out: &b}, false))
		if err != nil || rec.Run.State != run.Cancelled {
			t.Fatalf("got %v, %v", rec, err)
		}
		want := `[  0.0s] run r QUEUED by schedule
[  1.0s] run ADMITTED
[  2.0s] run RUNNING
[ 1m30s] run CANCELLED after 1m30s: asked for
`
		if b.String() != want {
			t.Errorf("got:\n%s", b.String())
		}
		if took := time.Since(at); took > time.Hour+time.Second {
			t.Errorf("took %s", took-time.Hour)
		}
	})
}

// Events before a retry are marked as such, and lines of a single job have no
// prefix.
func TestPrinterBeforeARetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		v := runlog.Combined(&terminal.IO{Out: &b}, false)
		v.Alone = true
		at := time.Now()
		v.Emit(follow.Polled{Record: &run.Record{Run: run.Run{RequestedAt: at}, Spec: &pipeline.Spec{Jobs: []pipeline.Job{{Name: "work"}}}}})
		v.Emit(follow.JobChanged{At: at.Add(-time.Minute), State: run.JobFailed, Attempt: 1, Again: true, Job: run.Job{Name: "work", Class: "job", Reason: "exited 3"}})
		v.Emit(follow.Line{At: at, Job: "work", Text: "hello"})
		v.Emit(follow.RunChanged{At: at.Add(-time.Millisecond), State: run.Failed, Run: run.Run{RequestedAt: at, Class: "job", Reason: "job work: exited 3"}})
		want := `[before] job work FAILED, attempt 1: job: exited 3; retrying
hello
[  0.0s] run FAILED after 0.0s: job work: exited 3
`
		if d := cmp.Diff(want, b.String()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// What a job prints cannot control a terminal, also one at the end of a pipe.
func TestCombinedLinesAreClean(t *testing.T) {
	t.Parallel()
	for name, json := range map[string]bool{"text": false, "json": true} {
		for _, stream := range []string{"stdout", "stderr"} {
			t.Run(name+" "+stream, func(t *testing.T) {
				t.Parallel()
				var b bytes.Buffer
				io := &terminal.IO{Out: &b}
				if json {
					io = &terminal.IO{Err: &b}
				}
				v := runlog.Combined(io, json)
				v.Raw = true
				v.Emit(follow.Line{Job: "work", Stream: stream, Text: "\x1b]0;title\x07\x1b[2Jred \x1b[31malert\x1b[0m"})
				if b.String() != "red alert\n" {
					t.Errorf("got %q", b.String())
				}
			})
		}
	}
}
