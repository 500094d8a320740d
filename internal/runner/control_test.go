package runner_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
)

func itoa(i int) string { return strconv.Itoa(i) }

// alive reports whether pid runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ") && syscall.Kill(pid, 0) == nil
}

func TestEscapedHolderOfThePipe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pidFile := filepath.Join(t.TempDir(), "pid")
	start := time.Now()
	// Neither group nor environment shows whose it is; it holds stdout.
	code, _ := b.run(t.Context(), b.bash("echo said; env -i setsid sleep 30 & echo $! >"+pidFile))
	if took := time.Since(start); code != 0 || b.stdout.String() != "said\n" || took > 20*time.Second {
		t.Errorf("exit %d after %s, stdout %q", code, took, b.stdout.String())
	}
	text, err := os.ReadFile(pidFile) //nolint:gosec // in a temporary directory
	if err != nil {
		t.Fatal(err)
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func TestLastWordsOfAChild(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Settle = 10 * time.Second
	code, _ := b.run(t.Context(), b.bash("exec > >(sleep 0.3; cat; echo end); seq 1000"))
	if code != 0 || !strings.HasSuffix(b.stdout.String(), "\n1000\nend\n") {
		t.Errorf("exit %d, stdout ends in %q", code, b.stdout.String())
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.Stdout = writerFunc(func(p []byte) (int, error) { // it runs: now cancel
		cancel()
		return b.stdout.Write(p)
	})
	code, res := b.run(ctx, b.bash("exec 2>/dev/null; trap 'echo tidy; exit 0' TERM; echo up; while :; do sleep 0.1; done"))
	want := job.Result{ExitCode: 143, Class: job.ClassCancelled, Reason: "bash run.sh was cancelled", Tail: []string{"up", "tidy"}}
	if diff := cmp.Diff(want, res, sameResult); diff != "" || code != 143 {
		t.Errorf("exit %d, result (-want +got):\n%s", code, diff)
	}
	if diff := cmp.Diff([]string{"up", "tidy"}, b.logs.streams[dir+"/stdout"]); diff != "" {
		t.Errorf("stream (-want +got):\n%s", diff)
	}
}

func TestCancelBeforeStart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, res := b.run(ctx, b.bash("echo never"))
	if code != 143 || res.Class != job.ClassCancelled || b.stdout.String() != "" {
		t.Errorf("exit %d, %+v", code, res)
	}
}

func TestDoubledRunner(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.bash("echo once")
	if code, _ := b.run(t.Context(), s); code != 0 {
		t.Fatalf("exit %d", code)
	}
	before := string(b.s3.objects[dir+"/result.json"])
	code, _ := b.run(t.Context(), s)
	if code != 75 || b.stdout.String() != "once\n" || !strings.Contains(b.stderr.String(), "conflict: s3://b/"+dir+"/started.json says") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, b.stdout.String(), b.stderr.String())
	}
	if before != string(b.s3.objects[dir+"/result.json"]) {
		t.Error("result was touched")
	}
}

func TestClaimWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.s3.lost = true
	if code, res := b.run(t.Context(), b.bash("exit 0")); code != 0 || !res.Succeeded() {
		t.Errorf("exit %d, %+v, %s", code, res, b.stderr)
	}
}

func TestS3Failures(t *testing.T) {
	t.Parallel()
	busy := []error{apiError("SlowDown"), errors.New("connection reset")}
	tests := map[string]struct {
		change func(*bench)
		code   int
		class  job.Class
		stderr string
	}{
		"claim retried":   {change: func(b *bench) { b.s3.fail["put started.json"] = busy }},
		"spec retried":    {change: func(b *bench) { b.s3.fail["get job.json"] = busy }},
		"package retried": {change: func(b *bench) { b.s3.fail["get p.zip"] = busy }},
		"result retried":  {change: func(b *bench) { b.s3.fail["put result.json"] = busy }},
		"claim refused":   {change: func(b *bench) { b.s3.denied = "started.json" }, code: 70, stderr: "write s3://b/" + dir + "/started.json: AccessDenied: no"},
		"result refused":  {change: func(b *bench) { b.s3.denied = "result.json" }, code: 70, stderr: "write result s3://b/" + dir + "/result.json: AccessDenied: no"},
		"spec refused":    {change: func(b *bench) { b.s3.denied = "job.json" }, code: 69, class: job.ClassPermission, stderr: "read s3://b/" + dir + "/job.json: AccessDenied: no"},
		"package refused": {change: func(b *bench) { b.s3.denied = ".zip" }, code: 69, class: job.ClassPermission, stderr: "read package s3://b/packages/p.zip: AccessDenied: no"},
		"digest differs": {
			change: func(b *bench) { b.s3.objects["packages/p.zip"] = []byte("forged") },
			code:   64, class: job.ClassInvalid, stderr: "package s3://b/packages/p.zip has the digest",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.bash("exit 0")
			tt.change(b)
			code, res := b.run(t.Context(), s)
			if code != tt.code || res.Class != tt.class || !strings.Contains(b.stderr.String(), tt.stderr) {
				t.Errorf("exit %d, %+v, stderr %q", code, res, b.stderr.String())
			}
		})
	}
}

func TestSpecUnreadable(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"missing": "", "not JSON": "{"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if body != "" {
				b.s3.objects[dir+"/job.json"] = []byte(body)
			}
			code, res := b.runObject(t.Context())
			if code != 64 || res.Class != job.ClassInvalid || res.RunID != "r-1" || res.Job != "clean" || res.Attempt != 1 {
				t.Errorf("exit %d, %+v", code, res)
			}
		})
	}
	b := newBench(t)
	if code := b.Runner.Run(t.Context(), "job.json"); code != 64 {
		t.Errorf("exit %d for an address that is none", code)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
