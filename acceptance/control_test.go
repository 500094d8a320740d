package acceptance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/sweep"
)

// begin starts a run and returns its id.
func (w *world) begin(t *testing.T, pipeline string) string {
	t.Helper()
	out, stderr, code := w.cli(t, t.TempDir(), "start", pipeline)
	if code != 0 {
		t.Fatalf("ephemr start: exit code %d\n%s%s", code, out, stderr)
	}
	return strings.TrimSpace(out)
}

// until waits for a job of a run to run.
func (w *world) until(t *testing.T, id, name string) {
	t.Helper()
	eventually(t, name+" runs", func() (bool, string) {
		rec, err := w.runs.Load(t.Context(), id)
		if err != nil {
			return false, err.Error()
		}
		j := rec.Job(name)
		return j != nil && j.State == run.JobRunning, string(rec.Run.State)
	})
}

// Cancelling ends the run, its job and its cluster, and the record says who
// wanted it. A run that still waits its turn never gets a cluster.
func TestCancel(t *testing.T) {
	t.Parallel()
	name := "cancelled-" + nonce
	w.apply(t, bash(name, "limits: {maxActive: 1}\n"), map[string]string{"work": "trap 'echo tidied up; exit 7' TERM; echo begun; sleep 600 & wait"})
	first := w.begin(t, name)
	w.until(t, first, "work")
	second := w.begin(t, name)
	w.find(t, name, func(r run.Run) bool { return r.ID == second })
	for _, id := range []string{second, first} {
		if out, stderr, code := w.cli(t, t.TempDir(), "cancel", id, "--why", "wrong input"); code != 0 {
			t.Fatalf("ephemr cancel: exit code %d\n%s%s", code, out, stderr)
		}
	}
	w.cancelled(t, first)
	if rec := w.cancelled(t, second); len(rec.Clusters) != 0 {
		t.Errorf("the run that waited had clusters: %+v", rec.Clusters)
	}
	rec, err := w.runs.Load(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if j := rec.Jobs[0]; j.State != run.JobCancelled || j.ExitCode == nil || *j.ExitCode != 143 || !slices.Contains(j.Tail, "tidied up") {
		t.Errorf("the job is %s, exit code %v: %s\n%q", j.State, j.ExitCode, j.Reason, j.Tail)
	}
	if _, stderr, code := w.cli(t, t.TempDir(), "cancel", first); code != 2 || !strings.Contains(stderr, "CANCELLED already") {
		t.Errorf("cancelling twice: exit code %d, %s", code, stderr)
	}
}

// Killing asks no program, and leaves none of its processes.
func TestKill(t *testing.T) {
	t.Parallel()
	name := "killed-" + nonce
	w.apply(t, bash(name, ""), map[string]string{"work": `trap "" TERM; echo "pid $$"; while true; do sleep 1; done`})
	id := w.begin(t, name)
	w.until(t, id, "work")
	var pid int
	eventually(t, "its first line", func() (bool, string) {
		out, stderr, _ := w.cli(t, t.TempDir(), "logs", id)
		_, err := fmt.Sscanf(out, "pid %d", &pid)
		return err == nil, out + stderr
	})
	if out, stderr, code := w.cli(t, t.TempDir(), "cancel", "--kill", id, "--why", "wrong input"); code != 0 {
		t.Fatalf("ephemr cancel --kill: exit code %d\n%s%s", code, out, stderr)
	}
	rec := w.cancelled(t, id)
	if j := rec.Jobs[0]; j.State != run.JobCancelled || j.ExitCode != nil {
		t.Errorf("the job is %s, exit code %v: %s", j.State, j.ExitCode, j.Reason)
	}
	eventually(t, "the end of its process", func() (bool, string) { return ended(pid) })
}

// ended says whether a process is gone, or waits only for its parent to notice.
func ended(pid int) (bool, string) {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true, ""
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z "), string(stat)
}

// cancelled checks that a run ended as TestCancel asked for.
func (w *world) cancelled(t *testing.T, id string) *run.Record {
	t.Helper()
	rec := w.end(t, id)
	w.gone(t, rec)
	if rec.Run.State != run.Cancelled || rec.Run.Class != job.ClassCancelled || rec.Run.Reason != "wrong input" {
		t.Errorf("run %s is %s (%s: %s)", id, rec.Run.State, rec.Run.Class, rec.Run.Reason)
	}
	return rec
}

// Retrying goes on from the failed job: what has succeeded is not done again.
func TestRetry(t *testing.T) {
	t.Parallel()
	name := "retried-" + nonce
	key := "retried/" + nonce + "/mended"
	w.apply(t, `pipeline: `+name+`
cluster: {profile: small}
jobs:
  - {name: once, type: bash, source: jobs/once}
  - {name: fragile, type: bash, source: jobs/fragile, needs: [once], args: ["{{.Lake.raw}}/`+key+`", "{{.Jobs.once.Outputs.token}}"]}
`, map[string]string{
		"once":    `echo "token=$RANDOM$RANDOM" >>"$EPHEMR_OUTPUT"`,
		"fragile": `aws s3 cp "$1" - && echo "token=$2" >>"$EPHEMR_OUTPUT"`,
	})
	id := w.begin(t, name)
	failed := w.end(t, id)
	if failed.Run.State != run.Failed || failed.Job("once").State != run.JobSucceeded {
		t.Fatalf("run is %s, its first job %s", failed.Run.State, failed.Job("once").State)
	}
	w.upload(t, key, "mended")
	if out, stderr, code := w.cli(t, t.TempDir(), "retry", id); code != 0 {
		t.Fatalf("ephemr retry: exit code %d\n%s%s", code, out, stderr)
	}
	rec := w.end(t, id)
	w.succeeded(t, rec)
	once, fragile := rec.Job("once"), rec.Job("fragile")
	if once.Attempt != 1 || fragile.Attempt != 2 || fragile.Outputs["token"] != once.Outputs["token"] {
		t.Errorf("attempts %d and %d, tokens %q and %q", once.Attempt, fragile.Attempt, once.Outputs["token"], fragile.Outputs["token"])
	}
	if len(rec.Clusters) != 2 || rec.Run.Restarts != 1 {
		t.Errorf("%d clusters, %d restarts; want 2 and 1", len(rec.Clusters), rec.Run.Restarts)
	}
	if _, stderr, code := w.cli(t, t.TempDir(), "retry", id); code != 2 || !strings.Contains(stderr, "is SUCCEEDED") {
		t.Errorf("retrying what has succeeded: exit code %d, %s", code, stderr)
	}
}

// An execution that is stopped cannot clean up: sweep does, on the event of Step Functions, long before its next tick.
func TestStoppedExecutionIsSwept(t *testing.T) {
	t.Parallel()
	name := "stopped-" + nonce
	w.apply(t, bash(name, ""), map[string]string{"work": "sleep 600"})
	id := w.begin(t, name)
	w.until(t, id, "work")
	rec, err := w.runs.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.sfn.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &rec.Run.Execution, Cause: aws.String("by a test")}); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	rec = w.end(t, id)
	if took := rec.Run.EndedAt.Sub(stopped); took > 2*time.Minute {
		t.Errorf("the run was ended after %s", took)
	}
	w.gone(t, rec)
	if rec.Run.State != run.Cancelled || rec.Jobs[0].State != run.JobCancelled {
		t.Errorf("run is %s (%s), job %s; want both CANCELLED", rec.Run.State, rec.Run.Reason, rec.Jobs[0].State)
	}
}

// sweep does at once what the clock would do later.
func (w *world) sweep(t *testing.T) sweep.Output {
	t.Helper()
	out, err := lambda.NewFromConfig(w.region.Config()).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("ephemr-" + w.settings.Stage + "-sweep"), Payload: []byte("{}"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var swept sweep.Output
	if err := json.Unmarshal(out.Payload, &swept); err != nil || out.FunctionError != nil {
		t.Fatalf("sweep answered %s, %v", out.Payload, err)
	}
	return swept
}
