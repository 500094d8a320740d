package acceptance_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/internal/local/laptop"
	"ephemr/internal/run"
)

// patience is how long a test waits for what must come; it only costs time when
// something is broken.
const patience = 10 * time.Minute

// project writes files into a directory of its own and returns it.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// cli runs ephemr in dir as a user would.
func (w *world) cli(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // our own binary
	var out, err bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &err
	cmd.Env = laptop.Overlay(os.Environ(), w.region.Environ())
	if e := cmd.Run(); e != nil && cmd.ProcessState == nil {
		t.Fatalf("run ephemr %s: %v", strings.Join(args, " "), e)
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// apply registers a pipeline with the given file text and one Bash job per
// entry of scripts, found in jobs/<name>/run.sh.
func (w *world) apply(t *testing.T, text string, scripts map[string]string) {
	t.Helper()
	files := map[string]string{"pipeline.yaml": text}
	for name, script := range scripts {
		files["jobs/"+name+"/run.sh"] = script
	}
	out, stderr, code := w.cli(t, project(t, files), "apply", "pipeline.yaml")
	if code != 0 {
		t.Fatalf("ephemr apply: exit code %d\n%s%s", code, out, stderr)
	}
}

// bash is the file of a pipeline of one Bash job called work.
func bash(name, more string) string {
	return fmt.Sprintf("pipeline: %s\ncluster: {profile: small}\n%sjobs:\n  - {name: work, type: bash, source: jobs/work}\n", name, more)
}

// request sends a message to the requests queue.
func (w *world) request(t *testing.T, body string) {
	t.Helper()
	if _, err := w.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &w.settings.RequestsQueue, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

// upload puts an object into the raw zone.
func (w *world) upload(t *testing.T, key, body string) {
	t.Helper()
	_, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(w.settings.Lake["raw"]), Key: &key, Body: strings.NewReader(body),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// start starts an execution by hand.
func (w *world) start(t *testing.T, input string) string {
	t.Helper()
	out, err := w.sfn.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &w.settings.StateMachine, Input: &input})
	if err != nil {
		t.Fatal(err)
	}
	return *out.ExecutionArn
}

// find waits for a run of a pipeline that match holds for.
func (w *world) find(t *testing.T, pipeline string, match func(run.Run) bool) run.Run {
	t.Helper()
	var found *run.Run
	eventually(t, "a run of "+pipeline, func() (bool, string) {
		runs, err := w.runs.List(t.Context(), run.Query{Pipeline: pipeline, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			if match(r) {
				found = &r
				return true, ""
			}
		}
		return false, fmt.Sprintf("%d other runs", len(runs))
	})
	return *found
}

// end waits until a run is over and returns all that is known of it.
func (w *world) end(t *testing.T, id string) *run.Record {
	t.Helper()
	var rec *run.Record
	eventually(t, "the end of "+id, func() (bool, string) {
		var err error
		if rec, err = w.runs.Load(t.Context(), id); err != nil {
			return false, err.Error()
		}
		over := rec.Run.Announced || rec.Run.State == run.Rejected // until then its jobs and slots are being settled
		return rec.Run.State.Final() && over, string(rec.Run.State)
	})
	return rec
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, ask func() (bool, string)) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, last := ask()
		if ok {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("%s did not come within %s; last seen: %s", what, patience, last)
		case <-tick.C:
		}
	}
}

// byRequest matches the run of a request.
func byRequest(id string) func(run.Run) bool {
	return func(r run.Run) bool { return r.Trigger.RequestID == id }
}

func byKey(key string) func(run.Run) bool {
	return func(r run.Run) bool { return r.Trigger.Key == key }
}

// nonce is new for every run of the tests, so that a region that is kept does
// not answer with what it did before.
var nonce = strings.ToLower(rand.Text()[:6])
