package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/internal/job"
	"ephemr/internal/run"
)

// A request that is wrong is recorded as REJECTED with what is wrong with it,
// lies in the dead-letter queue, and does not stand in the way of the next one.
func TestWrongRequestIsRejected(t *testing.T) {
	t.Parallel()
	name := "rejects-" + nonce
	w.apply(t, bash(name, "params: {country: {allowed: [pt, es]}}\n"), map[string]string{"work": "echo hi"})
	id := func(n int) string { return fmt.Sprintf("%s-%d", nonce, n) }
	tests := []struct {
		name, body, pipeline, reason string
	}{
		{"malformed JSON", `{"requestId": "` + id(1) + `", `, "rejected", "the text ends too early"},
		{"not JSON at all", "run it please " + id(2), "rejected", "invalid character"},
		{"unknown key", `{"requestId": "` + id(3) + `", "pipelin": "x"}`, "rejected", "pipelin: unknown key; did you mean pipeline?"},
		{"unknown pipeline", `{"requestId": "` + id(4) + `", "pipeline": "nobody-` + nonce + `"}`, "nobody-" + nonce, "is not known; ephemr apply registers it"},
		{"missing param", `{"requestId": "` + id(5) + `", "pipeline": "` + name + `"}`, name, "country"},
		{"unknown param", `{"requestId": "` + id(6) + `", "pipeline": "` + name + `", "params": {"country": "pt", "town": "x"}}`, name, "town"},
		{"param not allowed", `{"requestId": "` + id(7) + `", "pipeline": "` + name + `", "params": {"country": "fr"}}`, name, "fr"},
		{
			"300 KiB", `{"requestId": "` + id(8) + `", "pipeline": "` + name + `", "params": {"country": "` + strings.Repeat("x", 300<<10) + `"}}`, "rejected",
			"more than the 131072 allowed",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w.request(t, tt.body)
			r := w.find(t, tt.pipeline, func(r run.Run) bool {
				return r.State == run.Rejected && strings.Contains(r.Reason, tt.reason) && (r.Body == "" || strings.HasPrefix(tt.body, r.Body[:min(len(r.Body), 40)]))
			})
			if r.Class != job.ClassInvalid {
				t.Errorf("class %q, want %q", r.Class, job.ClassInvalid)
			}
			out, _, code := w.cli(t, t.TempDir(), "show", r.ID)
			if code != 0 || !strings.Contains(out, "REJECTED") || !strings.Contains(out, tt.reason) {
				t.Errorf("ephemr show: exit code %d\n%s", code, out)
			}
		})
	}
	t.Run("the next good one runs", func(t *testing.T) {
		t.Parallel()
		w.request(t, `{"requestId": "`+id(99)+`", "pipeline": "`+name+`", "params": {"country": "pt"}}`)
		w.succeeded(t, w.end(t, w.find(t, name, byRequest(id(99))).ID))
	})
	t.Cleanup(func() { w.deadLettered(t, tests[0].body) })
}

// deadLettered checks that body lies in the dead-letter queue with its reason.
func (w *world) deadLettered(t *testing.T, body string) {
	t.Helper()
	ctx := context.Background() // the test is over by now
	eventually(t, fmt.Sprintf("%q in the dead-letter queue", body), func() (bool, string) {
		out, err := w.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &w.settings.RequestsDLQ, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"}, VisibilityTimeout: 2,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.Messages {
			if aws.ToString(m.Body) != body {
				continue
			}
			if aws.ToString(m.MessageAttributes["reason"].StringValue) == "" {
				t.Errorf("the message in the dead-letter queue does not say why: %v", m.MessageAttributes)
			}
			return true, ""
		}
		return false, fmt.Sprintf("%d other messages", len(out.Messages))
	})
}

// What a job does wrong is reported with its class, its exit code and its last
// words; the cluster goes, and the next run of the pipeline works.
func TestTroubleInAJob(t *testing.T) {
	t.Parallel()
	for i, tt := range []trouble{
		{"exits 3", "echo working; echo 'disk on fire' >&2; exit 3", job.ClassJob, 3, "exited 3", "disk on fire"},
		{"killed by a signal", "echo before; kill -KILL $$", job.ClassJob, 137, "SIGKILL", "before"},
		{"times out", "echo patience; trap '' TERM; sleep 60 & wait; sleep 60", job.ClassTimeout, 124, "1s", "patience"},
		{"kills its runner", "echo goodbye; sleep 2; kill -KILL $PPID; sleep 60", job.ClassLost, -1, "left no result", "goodbye"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			name := fmt.Sprintf("trouble-%d-%s", i, nonce)
			text := bash(name, "")
			if tt.class == job.ClassTimeout {
				text = strings.Replace(text, "source: jobs/work}", "source: jobs/work, timeout: 1s}", 1)
			}
			w.apply(t, text, map[string]string{"work": tt.script})
			out, stderr, code := w.cli(t, t.TempDir(), "start", name, "--follow")
			if code == 0 || !strings.Contains(out+stderr, tt.tail) {
				t.Errorf("ephemr start --follow: exit code %d, want another and %q in:\n%s%s", code, tt.tail, out, stderr)
			}
			rec := w.end(t, w.find(t, name, func(run.Run) bool { return true }).ID)
			w.gone(t, rec)
			tt.check(t, rec)
		})
	}
}

// trouble is what a script does and what is reported about it.
type trouble struct {
	name, script string
	class        job.Class
	exit         int // -1 = nobody can say
	reason, tail string
}

func (tt trouble) check(t *testing.T, rec *run.Record) {
	t.Helper()
	if rec.Run.State != run.Failed || rec.Run.Class != tt.class || !strings.Contains(rec.Run.Reason, tt.reason) {
		t.Errorf("run is %s (%s: %s), want FAILED (%s: …%s…)", rec.Run.State, rec.Run.Class, rec.Run.Reason, tt.class, tt.reason)
	}
	j := rec.Jobs[0]
	if tt.exit >= 0 && (j.ExitCode == nil || *j.ExitCode != tt.exit) {
		data, _ := json.Marshal(j) //nolint:errchkjson // for the message only
		t.Errorf("exit code is not %d: %s", tt.exit, data)
	}
	if !strings.Contains(strings.Join(j.Tail, "\n"), tt.tail) {
		t.Errorf("last words %q, want %q among them", j.Tail, tt.tail)
	}
}

// A file may be gone or empty by the time the run gets to it.
func TestUploadThatIsNotThereOrEmpty(t *testing.T) {
	t.Parallel()
	name := "absent-" + nonce
	w.apply(t, `pipeline: `+name+`
cluster: {profile: small}
triggers: [{s3: {bucket: raw, prefix: `+name+`/}}]
limits: {maxActive: 4}
jobs:
  - {name: work, type: bash, source: jobs/work, args: ["{{.Trigger.Object}}"]}
`, map[string]string{"work": `set -eu
aws s3 cp "$1" input.csv
[ -s input.csv ] || { echo "$1 is empty" >&2; exit 9; }
wc -l <input.csv`})

	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		key := name + "/deleted.csv"
		w.upload(t, key, "a\n")
		if _, err := w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(w.settings.Lake["raw"]), Key: &key}); err != nil {
			t.Fatal(err)
		}
		rec := w.end(t, w.find(t, name, byKey(key)).ID)
		if rec.Run.State != run.Failed || rec.Run.Class != job.ClassInvalid || !strings.Contains(rec.Run.Reason, "no longer exist: s3://"+w.settings.Lake["raw"]+"/"+key) {
			t.Errorf("run is %s (%s: %s), want FAILED (invalid), and the object", rec.Run.State, rec.Run.Class, rec.Run.Reason)
		}
		if len(rec.Clusters) > 0 {
			t.Errorf("it has the cluster %s", rec.Clusters[0].ID)
		}
	})
	t.Run("empty", func(t *testing.T) {
		t.Parallel()
		key := name + "/empty.csv"
		w.upload(t, key, "")
		rec := w.end(t, w.find(t, name, byKey(key)).ID)
		if tail := strings.Join(rec.Jobs[0].Tail, "\n"); rec.Run.Class != job.ClassJob || !strings.Contains(tail, "is empty") {
			t.Errorf("run is %s (%s), last words %q; want class job and what is empty", rec.Run.State, rec.Run.Class, tail)
		}
	})
	t.Run("a good one afterwards", func(t *testing.T) {
		t.Parallel()
		key := name + "/good.csv"
		w.upload(t, key, "a\nb\n")
		w.succeeded(t, w.end(t, w.find(t, name, byKey(key)).ID))
	})
}

// What is wrong with a pipeline file is said with line and column, before
// anything is uploaded.
func TestWrongPipelineFile(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"cycle", "pipeline: cyclic\ncluster: {profile: small}\njobs:\n  - {name: a, type: bash, source: jobs/work, needs: [b]}\n" +
			"  - {name: b, type: bash, source: jobs/work, needs: [a]}\n", "pipeline.yaml:4:"},
		{"missing script", bash("scriptless", "") + "  - {name: other, type: bash, source: jobs/nowhere}\n", "jobs/nowhere"},
		{"unknown key", bash("typo", "ownr: x\n"), "pipeline.yaml:3:1"},
		{"unknown profile", strings.Replace(bash("shapeless", ""), "small", "huge", 1), "huge"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := project(t, map[string]string{"pipeline.yaml": tt.text, "jobs/work/run.sh": "echo hi"})
			out, stderr, code := w.cli(t, dir, "apply", "pipeline.yaml")
			if code == 0 || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, want an error with %q:\n%s%s", code, tt.want, out, stderr)
			}
		})
	}
}

// A job may print more than anybody wants to read.
func TestJobThatPrintsMuch(t *testing.T) {
	t.Parallel()
	name := "chatty-" + nonce
	const lines, width = 100_000, 1_000
	w.apply(t, bash(name, ""), map[string]string{"work": fmt.Sprintf(
		`awk 'BEGIN { s = sprintf("%%%ds", ""); gsub(/ /, "x", s); for (i = 1; i <= %d; i++) printf "%%07d%%s\n", i, s }'`, width-8, lines)})
	out, stderr, code := w.cli(t, t.TempDir(), "start", name)
	if code != 0 {
		t.Fatalf("ephemr start: exit code %d\n%s%s", code, out, stderr)
	}
	w.succeeded(t, w.end(t, strings.TrimSpace(out)))
	text, stderr, code := w.cli(t, t.TempDir(), "logs", strings.TrimSpace(out), "work", "--stream", "stdout")
	if code != 0 {
		t.Fatalf("ephemr logs: exit code %d\n%s", code, stderr)
	}
	n := 0
	for line := range strings.Lines(text) {
		if i := strings.IndexByte(line, 'x'); i >= 7 {
			n++
			if want := fmt.Sprintf("%07d", n); line[i-7:i] != want {
				t.Fatalf("line %d begins with %q, want %s: lost, doubled or out of order", n, line[:i], want)
			}
		}
	}
	if n != lines {
		t.Errorf("%d lines came back, %d were printed", n, lines)
	}
}

// What was refused because a pipeline was missing runs once the pipeline is
// there and the message is sent again.
func TestRedriveOfRefusedRequest(t *testing.T) {
	t.Parallel()
	name := "late-" + nonce
	w.request(t, `{"requestId": "late-`+nonce+`", "pipeline": "`+name+`"}`)
	refused := w.find(t, name, func(r run.Run) bool { return r.State == run.Rejected })
	w.apply(t, bash(name, ""), map[string]string{"work": "echo better late than never"})
	eventually(t, "the message in the dead-letter queue", func() (bool, string) {
		// Another test may have the letter in its hands for a moment.
		out, stderr, code := w.cli(t, t.TempDir(), "requests", "redrive", refused.ID)
		return code == 0, out + stderr
	})
	w.succeeded(t, w.end(t, w.find(t, name, func(r run.Run) bool { return r.State != run.Rejected }).ID))
}
