package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/notify"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

func spec(n pipeline.Notify) *pipeline.Spec { return &pipeline.Spec{Notify: n} }

// TestWanted: who hears of which outcome.
func TestWanted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		state run.State
		spec  *pipeline.Spec
		want  []string // nil = no notice
	}{
		{"a failure, by default", run.Failed, spec(pipeline.Notify{}), []string{"me"}},
		{"a failure before there was a pipeline", run.Failed, nil, []string{"me"}},
		{"a failure to others", run.Failed, spec(pipeline.Notify{Failure: []string{"owner", "you"}}), []string{"me", "you"}},
		{"cancelled", run.Cancelled, spec(pipeline.Notify{}), []string{"me"}},
		{"a success, by default", run.Succeeded, spec(pipeline.Notify{Failure: []string{"you"}}), nil},
		{"a success before there was a pipeline", run.Succeeded, nil, nil},
		{"a success", run.Succeeded, spec(pipeline.Notify{Success: []string{"you"}}), []string{"you"}},
	} {
		e := notify.OfRun(&run.Record{Run: run.Run{ID: "r", Owner: "me", State: tt.state}, Spec: tt.spec}, "dev")
		if diff := cmp.Diff(tt.want, e.To); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

func failed() *run.Record {
	code := 3
	return &run.Record{
		Run: run.Run{
			ID: "daily-1", Pipeline: "daily", Owner: "me", LogicalTime: time.Date(2026, time.November, 30, 0, 0, 0, 0, time.UTC),
			Trigger: run.Trigger{Kind: run.ByS3, Bucket: "raw", Key: "in/a.csv"}, Params: map[string]string{"country": "pt"},
			State: run.Failed, Class: job.ClassJob, Reason: "job b: exited 3: ValueError: row 3 has no price", Cause: "ValueError: row 3 has no price", CostUSD: 0.125,
		},
		Spec: &pipeline.Spec{Notify: pipeline.Notify{LogLines: true}},
		Jobs: []run.Job{
			{Name: "a", State: run.JobSucceeded, NothingToDo: true},
			{Name: "b", State: run.JobFailed, Attempt: 2, ExitCode: &code, Tail: []string{"one", "two"}},
		},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	e := notify.OfRun(failed(), "dev")
	e.Message.ID = "dev-daily-7"
	want := `Run daily-1 of pipeline daily: FAILED
For:     2026-11-30 s3://raw/in/a.csv country=pt
Idle:    a had nothing to do
Class:   job
Cause:   ValueError: row 3 has no price
Reason:  job b: exited 3: ValueError: row 3 has no price
Job:     b, attempt 2, exit code 3
  | one
  | two
Cost:    about 0.12 USD
Stage:   dev
Next:    ephemr logs daily-1 b
Or:      ephemr show daily-1
Message: dev-daily-7
`
	if diff := cmp.Diff(want, e.Message.Text()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"me"}, e.To); diff != "" || e.Message.Subject() != "FAILED daily-1" {
		t.Errorf("subject %q, to (-want +got)\n%s", e.Message.Subject(), diff)
	}
	idle := notify.OfRun(&run.Record{
		Run: run.Run{ID: "r", State: run.Succeeded, NothingToDo: true}, Spec: spec(pipeline.Notify{Success: []string{"you"}}),
	}, "dev")
	if idle.Message.Headline != "SUCCEEDED (nothing to do) r" {
		t.Errorf("headline %q", idle.Message.Headline)
	}
	long := notify.Message{Headline: "é" + strings.Repeat("x", 200)}
	if s := long.Subject(); len(s) != 100 || s[0] != '?' {
		t.Errorf("subject %q: SNS takes 100 characters of ASCII", s)
	}
}

// TestNextCommand: the command that helps is by the class, and by what has found it.
func TestNextCommand(t *testing.T) {
	t.Parallel()
	data := failed()
	data.Run.Class = job.ClassData
	found := failed()
	found.Run.Class, found.Jobs[1].State = job.ClassData, run.JobSucceeded
	for name, tt := range map[string]struct {
		rec  *run.Record
		want []string
	}{
		"a job":                        {failed(), []string{"ephemr logs daily-1 b", "ephemr show daily-1"}},
		"a check of a job":             {data, []string{"ephemr logs daily-1 b", "ephemr show daily-1"}},
		"data, after the jobs were ok": {found, []string{"ephemr show daily-1"}},
	} {
		if diff := cmp.Diff(tt.want, notify.OfRun(tt.rec, "dev").Message.Next); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

// TestForgedLines: what a job or a sender writes stays on its line, and its log
// is not sent unless the pipeline says so.
func TestForgedLines(t *testing.T) {
	t.Parallel()
	rec := failed()
	rec.Run.Reason = "x\r\nClass:  data\u2028\x1b[31m\u202eCost"
	rec.Run.Trigger.Key = "in/a\nReason: none"
	rec.Jobs[1].Tail = []string{"one\nMore: curl evil"}
	forged := notify.OfRun(rec, "dev").Message.Text()
	if n := strings.Count(forged, "\n"); n != 12 || strings.ContainsAny(forged, "\r\x1b\u2028\u202e") {
		t.Errorf("%d lines:\n%q", n, forged)
	}
	rec.Spec.Notify.LogLines = false
	if text := notify.OfRun(rec, "dev").Message.Text(); strings.Contains(text, "|") {
		t.Errorf("log lines in:\n%s", text)
	}
}
