package main_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
)

const dir = "runs/r-1/clean/1"

// binary builds the runner once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	out, err := os.MkdirTemp("", "runner-test-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(out, "runner")
	if text, err := exec.Command("go", "build", "-ldflags=-X main.version=v1.2.3", "-o", name, ".").CombinedOutput(); err != nil { //nolint:gosec // the command is fixed
		return "", errors.New(string(text))
	}
	return name, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if name, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(name))
	}
	os.Exit(code)
}

// command is the step that executes script, not started yet.
func command(t *testing.T, r *region, script string) *exec.Cmd {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.Create("run.sh")
	if err == nil {
		_, err = w.Write([]byte(script))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(buf.Bytes())
	spec, err := json.Marshal(job.Spec{
		RunID: "r-1", Job: "clean", Attempt: 1, Type: job.Bash, Entry: "run.sh", GraceSeconds: 5,
		Package: "s3://b/p.zip", PackageSHA256: hex.EncodeToString(sum[:]),
		LogGroup: "/ephemr", StreamPrefix: dir, Result: "s3://b/" + dir + "/result.json",
	})
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock() // a program that was started before may ask for them
	r.objects["/b/p.zip"], r.objects["/b/"+dir+"/job.json"] = buf.Bytes(), spec
	r.mu.Unlock()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	// As on EMR: the step's command line is internal/emr/step's.
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), filepath.Join(home, "ephemr-runner"), "-region", "eu-west-1", "run", "s3://b/"+dir+"/job.json") //nolint:gosec // our own binary
	if err := os.Symlink(name, cmd.Path); err != nil {
		t.Fatal(err)
	}
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "EPHEMR_HOME=" + home, "AWS_ENDPOINT_URL=" + r.URL,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true",
	}
	return cmd
}

func result(t *testing.T, r *region) (res job.Result) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := json.Unmarshal(r.objects["/b/"+dir+"/result.json"], &res); err != nil {
		t.Fatal(err)
	}
	return res
}

func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return 0
}

func TestStep(t *testing.T) {
	t.Parallel()
	r := newRegion(t)
	r.mu.Lock()
	r.throttle, r.busy = 3, 2
	r.mu.Unlock()
	cmd := command(t, r, "seq 50000; echo rows=7 >>$EPHEMR_OUTPUT; echo region=$AWS_DEFAULT_REGION >>$EPHEMR_OUTPUT; echo bad >&2; exit 3")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if code := exitCode(cmd.Run()); code != 3 {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
	want := strings.Fields(stdout.String())
	if got := r.stream(dir + "/stdout"); len(want) != 50_000 || !slices.Equal(want, got) {
		t.Errorf("%d lines on stdout, %d events", len(want), len(got))
	}
	if diff := cmp.Diff([]string{"bad", "ephemr: bash run.sh exited 3: bad"}, r.stream(dir+"/stderr")); diff != "" {
		t.Error(diff)
	}
	res := result(t, r)
	if res.ExitCode != 3 || res.Class != job.ClassJob || res.Outputs["rows"] != "7" || res.Outputs["region"] != "eu-west-1" || !slices.Equal(res.Tail, []string{"bad"}) {
		t.Errorf("%+v", res)
	}
	again := exec.CommandContext(t.Context(), cmd.Path, cmd.Args[1:]...) //nolint:gosec // the same command again
	again.Env = cmd.Env
	if code := exitCode(again.Run()); code != 75 {
		t.Errorf("a second runner exits %d", code)
	}
}

func TestBusyWhileItRuns(t *testing.T) {
	t.Parallel()
	r := newRegion(t)
	busy := filepath.Join(t.TempDir(), "isbusy")
	cmd := command(t, r, `for i in $(seq 2000); do [ -e "$BUSY" ] && { rm "$BUSY"; exit 0; }; sleep 0.01; done; exit 1`)
	cmd.Env = append(cmd.Env, "EPHEMR_BUSY_FILE="+busy, "BUSY="+busy)
	if code := exitCode(cmd.Run()); code != 0 {
		t.Errorf("exit %d: the file was never touched", code)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	r := newRegion(t)
	cmd := command(t, r, "trap 'echo tidied; exit 0' TERM; echo up; sleep 300 & wait")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-r.said // logs come while the program runs
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(cmd.Wait()); code != 143 {
		t.Errorf("exit %d", code)
	}
	if res := result(t, r); res.Class != job.ClassCancelled || !slices.Equal(res.Tail, []string{"up", "tidied"}) {
		t.Errorf("%+v", res)
	}
}

// EMR sends SIGTERM to the JVM above the runner only, which may end without
// forwarding it.
func TestParentEnds(t *testing.T) {
	t.Parallel()
	java := filepath.Join(t.TempDir(), "java")
	shell, err := exec.LookPath("sh")
	if err := errors.Join(err, os.Symlink(shell, java)); err != nil {
		t.Fatal(err)
	}
	for name, above := range map[string][]string{
		"direct":              {"sh", "-c", `"$@"; exit $?`, "sh"},
		"a shell below a JVM": {java, "-c", `sh -c '"$@"; exit $?' sh "$@"; exit $?`, "java"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t)
			cmd := command(t, r, "exec 2>/dev/null; trap 'echo rows=7 >>$EPHEMR_OUTPUT; echo tidied; exit 0' TERM; echo up; while :; do sleep 0.05; done")
			parent := exec.CommandContext(t.Context(), above[0], slices.Concat(above[1:], cmd.Args)...) //nolint:gosec // our own binary
			parent.Env = cmd.Env
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			parent.Stdout = write
			if err := errors.Join(parent.Start(), write.Close()); err != nil {
				t.Fatal(err)
			}
			<-r.said
			if err := parent.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			_ = parent.Wait()
			_, _ = io.Copy(io.Discard, read) // until the runner has ended
			if res := result(t, r); res.Class != job.ClassCancelled || res.Outputs["rows"] != "7" || !slices.Equal(res.Tail, []string{"up", "tidied"}) {
				t.Errorf("%+v", res)
			}
		})
	}
}

// daemon starts a process in a session of its own, without the job's environment
// and output.
const daemon = "env -i PATH=$PATH setsid sh -c 'echo $$ >$0; exec sleep 300' %s </dev/null >/dev/null 2>&1 & until [ -s %s ]; do sleep 0.01; done; "

func TestDaemonsEndWithTheJob(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		script string
		end    func(*exec.Cmd) error
		code   int
		class  job.Class
	}{
		"success":   {"exit 0", func(*exec.Cmd) error { return nil }, 67, job.ClassJob},
		"failure":   {"exit 3", func(*exec.Cmd) error { return nil }, 3, job.ClassJob},
		"cancelled": {"echo up; sleep 300", func(cmd *exec.Cmd) error { return cmd.Process.Signal(syscall.SIGTERM) }, 143, job.ClassCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t)
			file := filepath.Join(t.TempDir(), "pid")
			cmd := command(t, r, strings.ReplaceAll(daemon, "%s", file)+"echo started; "+tt.script)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-r.said
			if err := tt.end(cmd); err != nil {
				t.Fatal(err)
			}
			if code := exitCode(cmd.Wait()); code != tt.code {
				t.Errorf("exit %d", code)
			}
			if res := result(t, r); res.Class != tt.class || tt.class == job.ClassJob && len(res.Background) != 1 {
				t.Errorf("%+v", res)
			}
			if pid := pidIn(t, file); syscall.Kill(pid, 0) == nil { // not even its zombie
				t.Errorf("daemon %d outlived its job", pid)
			}
		})
	}
}

// What runs below the runner before the program starts, as a sudo of its own, is not
// the job's: it is neither waited for, nor named, nor ended.
func TestProcessesOfTheRunnerAreNotTheJobs(t *testing.T) {
	t.Parallel()
	r := newRegion(t)
	cmd := command(t, r, "echo done")
	file := filepath.Join(t.TempDir(), "pid")
	cmd.Args = append([]string{"sh", "-c", "setsid sh -c 'sleep 300; true' >/dev/null 2>&1 & echo $! >" + file + `; exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	if code := exitCode(cmd.Run()); code != 0 {
		t.Errorf("exit %d", code)
	}
	if res := result(t, r); !res.Succeeded() || len(res.Background) != 0 {
		t.Errorf("%+v", res)
	}
	pid := pidIn(t, file)
	defer syscall.Kill(-pid, syscall.SIGKILL) //nolint:errcheck // it leads its group
	if syscall.Kill(pid, 0) != nil || zombie(pid) {
		t.Error("it was ended")
	}
}

// A runner that is killed cannot end what it has started; the next one does.
func TestNextRunnerEndsWhatAKilledOneLeft(t *testing.T) {
	t.Parallel()
	r := newRegion(t)
	file := filepath.Join(t.TempDir(), "pid")
	cmd := command(t, r, strings.ReplaceAll(strings.ReplaceAll(daemon, "env -i PATH=$PATH ", ""), "%s", file)+"echo started; sleep 300")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-r.said
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	pid := pidIn(t, file)
	if syscall.Kill(pid, 0) != nil || zombie(pid) {
		t.Fatal("the daemon died with its runner")
	}
	next := command(t, newRegion(t), "exit 0")
	if code := exitCode(next.Run()); code != 0 {
		t.Errorf("the next runner exits %d", code)
	}
	if syscall.Kill(pid, 0) == nil && !zombie(pid) {
		t.Errorf("daemon %d outlived the next job", pid)
	}
}

func pidIn(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // in a temporary directory
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestProgramDiesWithTheRunner(t *testing.T) {
	t.Parallel()
	r := newRegion(t)
	fifo := filepath.Join(t.TempDir(), "alive")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, r, "exec 9>"+fifo+"; echo $$; exec sleep 300")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	alive, err := os.Open(fifo) //nolint:gosec // in a temporary directory
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close() //nolint:errcheck // only read
	<-r.said
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := alive.Read(make([]byte, 1)); err == nil { // the end of the file comes with the end of the program
		t.Error("program said something")
	}
	pid, err := strconv.Atoi(r.stream(dir + "/stdout")[0])
	if err != nil {
		t.Fatal(err)
	}
	// The kernel closes the files of a process a moment before it ends.
	for end := time.Now().Add(10 * time.Second); syscall.Kill(pid, 0) == nil && !zombie(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("program %d outlived its runner", pid)
		}
	}
}

func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestOutputWithoutReader(t *testing.T) {
	t.Parallel()
	r := newRegion(t)
	cmd := command(t, r, "seq 100000")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	if err := errors.Join(cmd.Start(), read.Close(), write.Close()); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(cmd.Wait()); code != 0 || len(r.stream(dir+"/stdout")) != 100_000 {
		t.Errorf("exit %d, %d events", code, len(r.stream(dir+"/stdout")))
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		code int
		out  string
	}{
		"version":  {[]string{"version"}, 0, "v1.2.3\n"},
		"nothing":  {nil, 2, "usage: runner [-region REGION] run s3://bucket/…/job.json"},
		"too much": {[]string{"run", "a", "b"}, 2, "usage: "},
		"flag":     {[]string{"-x"}, 2, "flag provided but not defined"},
		"help":     {[]string{"-h"}, 0, "usage: "},
	}
	for name2, tt := range tests {
		t.Run(name2, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), name, tt.args...).CombinedOutput() //nolint:gosec // our own binary
			if code := exitCode(err); code != tt.code || !strings.HasPrefix(string(out), tt.out) {
				t.Errorf("exit %d, %q", code, out)
			}
		})
	}
}
