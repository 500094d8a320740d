package notify_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/notify"
	"ephemr/internal/run"
)

// text is v as JSON, indented.
func text(t *testing.T, v any) string {
	t.Helper()
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func message() notify.Message {
	code := 3
	return notify.Message{
		ID: "dev-daily-7", Thread: "dev/daily/job", Kind: notify.Failure, Headline: "FAILED daily-1", Stage: "dev", Pipeline: "daily", Team: "data",
		RunID: "daily-1", State: "FAILED", Class: "job", For: "2026-11-30", Job: "b", Attempt: 2, ExitCode: &code,
		Reason: "job b: exited 3", Cause: "ValueError: <@U1> `row` 3", Lines: []string{"*one*"}, Cost: "about 0.12 USD",
		Next: []string{"ephemr logs daily-1 b", "ephemr show daily-1"}, Count: 1, At: time.Date(2026, time.November, 30, 3, 0, 0, 0, time.UTC),
	}
}

// The custom notification of Amazon Q Developer; text of jobs is neither a mention nor
// markup there.
func TestChat(t *testing.T) {
	t.Parallel()
	want := `{
  "version": "1.0",
  "source": "custom",
  "id": "dev-daily-7",
  "content": {
    "textType": "client-markdown",
    "title": ":x: FAILED daily-1",
    "description": "Run daily-1 of pipeline daily: FAILED\n*For*: 2026-11-30\n*Class*: job\n*Cause*: ValueError: \u0026lt;@\u200bU1\u0026gt; 'row' 3\n*Reason*: job b: exited 3\n*Job*: b, attempt 2, exit code 3\n*Cost*: about 0.12 USD\n*Stage*: dev\n\u003e ∗one∗",
    "nextSteps": [
      "Run ` + "`ephemr logs daily-1 b`" + `",
      "Run ` + "`ephemr show daily-1`" + `"
    ],
    "keywords": [
      "dev",
      "daily",
      "data",
      "job"
    ]
  },
  "metadata": {
    "threadId": "dev/daily/job",
    "summary": "Run daily-1 of pipeline daily: FAILED",
    "eventType": "failure",
    "additionalContext": {
      "run": "daily-1",
      "state": "FAILED"
    }
  }
}`
	got := text(t, message().Chat())
	var a, b any
	if json.Unmarshal([]byte(want), &a) != nil || json.Unmarshal([]byte(got), &b) != nil {
		t.Fatal("no JSON")
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// PagerDuty's Events API v2: one incident for a thread.
func TestPager(t *testing.T) {
	t.Parallel()
	m := message()
	var got struct {
		Action  string `json:"event_action"`
		Key     string `json:"dedup_key"`
		Payload *struct {
			Summary, Source, Severity, Timestamp, Component, Group, Class string

			Details notify.Message `json:"custom_details"`
		}
	}
	if err := json.Unmarshal([]byte(text(t, m.Pager())), &got); err != nil {
		t.Fatal(err)
	}
	if p := got.Payload; got.Action != "trigger" || got.Key != "dev/daily/job" || p.Summary != "FAILED daily-1: "+m.Cause || p.Severity != "error" ||
		p.Source != "ephemr dev" || p.Timestamp != "2026-11-30T03:00:00Z" || p.Details.ID != m.ID {
		t.Errorf("%+v", got)
	}
	m.Kind = notify.Resolved
	if diff := cmp.Diff("{\n  \"event_action\": \"resolve\",\n  \"dedup_key\": \"dev/daily/job\"\n}", text(t, m.Pager())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Each class has a command that helps, and what still costs comes first.
func TestNext(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]string{
		"job": "ephemr logs daily-1 b", "data": "ephemr logs daily-1 b", "capacity": "ephemr retry daily-1", "quota": "ephemr retry daily-1", "lost": "ephemr retry daily-1",
		"internal": "ephemr retry daily-1", "cancelled": "ephemr retry daily-1", "permission": "ephemr doctor", "bootstrap": "ephemr why daily-1",
		"timeout": "ephemr why daily-1", "limit": "ephemr why daily-1", "invalid": "ephemr show daily-1",
	} {
		rec := failed()
		rec.Run.Class = job.Class(class)
		if got := notify.OfRun(rec, "dev").Message.Next[0]; got != want {
			t.Errorf("%s: %q, want %q", class, got, want)
		}
	}
	rec := failed()
	rec.Clusters = []run.Cluster{{ID: "j-1", Unended: "denied"}}
	if got := notify.OfRun(rec, "dev").Message.Next[0]; got != "ephemr terminate j-1" {
		t.Errorf("with a cluster that runs: %q", got)
	}
}
