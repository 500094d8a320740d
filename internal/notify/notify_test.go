package notify_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/notify"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

const topic = "arn:aws:sns:eu-west-1:1:t"

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
		n, wanted := notify.OfRun(&run.Record{Run: run.Run{ID: "r", Owner: "me", State: tt.state}, Spec: tt.spec})
		if wanted != (tt.want != nil) {
			t.Errorf("%s: wanted %v", tt.name, wanted)
		}
		if diff := cmp.Diff(tt.want, n.Recipients); diff != "" {
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
			State: run.Failed, Class: job.ClassJob, Reason: "job b: exited 3", CostUSD: 0.125,
		},
		Spec: &pipeline.Spec{Notify: pipeline.Notify{LogLines: true}},
		Jobs: []run.Job{
			{Name: "a", State: run.JobSucceeded, NothingToDo: true},
			{Name: "b", State: run.JobFailed, Attempt: 2, ExitCode: &code, Tail: []string{"one", "two"}},
		},
	}
}

func TestNotice(t *testing.T) {
	t.Parallel()
	got, _ := notify.OfRun(failed())
	want := notify.Notice{
		Headline: "FAILED daily-1",
		Text: `Run daily-1 of pipeline daily: FAILED
For:    2026-11-30 s3://raw/in/a.csv country=pt
Job:    a had nothing to do
Class:  job
Reason: job b: exited 3
Job:    b, attempt 2, exit code 3
  | one
  | two
Cost:   about 0.12 USD
More:   ephemr show daily-1; ephemr logs daily-1
`,
		Attributes: map[string]string{"pipeline": "daily", "state": "FAILED", "team": "default", "class": "job"},
		Recipients: []string{"me"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	idle, _ := notify.OfRun(&run.Record{
		Run: run.Run{ID: "r", State: run.Succeeded, NothingToDo: true}, Spec: spec(pipeline.Notify{Success: []string{"you"}}),
	})
	if idle.Headline != "SUCCEEDED (nothing to do) r" || idle.Attributes["nothingToDo"] != "true" {
		t.Errorf("notice %+v", idle)
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
	forged, _ := notify.OfRun(rec)
	if n := strings.Count(forged.Text, "\n"); n != 9 || strings.ContainsAny(forged.Text, "\r\x1b\u2028\u202e") {
		t.Errorf("%d lines:\n%q", n, forged.Text)
	}
	rec.Spec.Notify.LogLines = false
	if n, _ := notify.OfRun(rec); strings.Contains(n.Text, "|") {
		t.Errorf("log lines in:\n%s", n.Text)
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	api := awsfake.NewSNS(topic)
	n, _ := notify.OfRun(failed())
	n.Headline = strings.Repeat("x", 101)
	if err := notify.Send(t.Context(), api, topic, n); err != nil {
		t.Fatal(err)
	}
	sent := api.Published(topic)
	if len(sent) != 1 || len(aws.ToString(sent[0].Subject)) != 100 || aws.ToString(sent[0].Message) != n.Text {
		t.Fatalf("sent %+v", sent)
	}
	got := map[string]string{}
	for name, v := range sent[0].MessageAttributes {
		got[name] = aws.ToString(v.DataType) + " " + aws.ToString(v.StringValue)
	}
	want := map[string]string{
		"pipeline": "String daily", "state": "String FAILED", "team": "String default", "class": "String job", "recipients": `String.Array ["me"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	refused := errors.New("refused")
	api.FailNext("Publish", refused)
	if err := notify.Send(t.Context(), api, topic, n); !errors.Is(err, refused) {
		t.Errorf("error %v", err)
	}
}
