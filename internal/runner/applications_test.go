package runner_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/proof/executable"
)

// onYARN gives the bench the yarn command of the local region, and a client that
// submits an application in cluster mode.
func (b *bench) onYARN() (registry string) {
	b.Helper()
	shims, err := filepath.Abs("../../scripts/shims")
	if err != nil {
		b.Fatal(err)
	}
	bin := b.TempDir()
	for name, target := range map[string]string{"yarn": "yarn", "yarn-submit": "lib/yarn-submit"} {
		if err := os.Symlink(filepath.Join(shims, target), filepath.Join(bin, name)); err != nil {
			b.Fatal(err)
		}
	}
	registry = filepath.Join(b.TempDir(), "yarn")
	b.Linger, b.Poll = 300*time.Millisecond, 300*time.Millisecond
	b.Environ = append(b.Environ, "PATH="+bin+":"+os.Getenv("PATH"), "YARN_REGISTRY="+registry)
	return registry
}

func (b *bench) registered(registry, file string) string {
	text, _ := os.ReadFile(filepath.Join(registry, file)) //nolint:gosec // in a temporary directory
	return string(text)
}

// An application outlives the client that submitted it, unless the runner ends it.
func TestApplicationsEndWithTheAttempt(t *testing.T) {
	t.Parallel()
	const submit = "yarn-submit Pi SPARK 2>/dev/null; echo up; "
	tests := map[string]struct {
		script     string
		timeout    int
		cancel     bool
		background job.Background
		class      job.Class
		code       int
	}{
		"success":        {script: submit + "exit 0", class: job.ClassJob, code: 67},
		"success, kill":  {script: submit + "exit 0", background: job.BackgroundKill},
		"wait, timeout":  {script: submit + "exit 0", timeout: 1, background: job.BackgroundWait, class: job.ClassTimeout, code: 124},
		"wait, cancel":   {script: submit + "exit 0", cancel: true, background: job.BackgroundWait, class: job.ClassCancelled, code: 143},
		"nothing to do":  {script: submit + "exit 77", class: job.ClassJob, code: 67},
		"failure":        {script: submit + "exit 3", class: job.ClassJob, code: 3},
		"client is dead": {script: submit + "kill -KILL $$", class: job.ClassJob, code: 137},
		"timeout":        {script: submit + "exec sleep 300", timeout: 1, class: job.ClassTimeout, code: 124},
		"cancel":         {script: submit + "exec sleep 300", cancel: true, class: job.ClassCancelled, code: 143},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			registry := b.onYARN()
			s := b.bash(tt.script)
			s.TimeoutSeconds, s.Background = tt.timeout, tt.background
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tt.cancel {
				b.Stdout = writerFunc(func(p []byte) (int, error) { cancel(); return b.stdout.Write(p) })
			}
			code, res := b.run(ctx, s)
			if code != tt.code || res.Class != tt.class {
				t.Errorf("exit %d, %+v", code, res)
			}
			if calls, apps := b.registered(registry, "calls"), b.registered(registry, "applications"); !strings.Contains(calls, "-kill application_1700000000000_0001\n") ||
				!strings.Contains(apps, "\tKILLED\t") || !strings.Contains(apps, "ephemr:r-1:clean:1") {
				t.Errorf("calls %q, applications %q", calls, apps)
			}
			if !strings.Contains(b.stderr.String(), "killed YARN applications that outlived the program: application_1700000000000_0001 (Pi)") {
				t.Error(b.stderr.String())
			}
			if left, _ := os.ReadDir(b.Home + "/attempts"); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

// A job may wait for its applications.
func TestWaitsForApplications(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	registry := b.onYARN()
	s := b.bash("yarn-submit Pi SPARK; (sleep 0.2; sed -i s/RUNNING/FINISHED/ $YARN_REGISTRY/applications) >/dev/null 2>&1 &")
	s.Background = job.BackgroundWait
	code, res := b.run(t.Context(), s)
	if code != 0 || !res.Succeeded() || strings.Contains(b.registered(registry, "calls"), "-kill") {
		t.Errorf("exit %d, %+v", code, res)
	}
}

// What a job has waited for in vain is no success.
func TestWaitsForApplicationsWithoutYARN(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.onYARN()
	b.Linger, b.Poll = time.Millisecond, time.Millisecond
	bin := b.TempDir()
	if err := executable.Write(filepath.Join(bin, "yarn"), "#!/bin/sh\necho no ResourceManager >&2; exit 1\n"); err != nil {
		t.Fatal(err)
	}
	b.Environ = append(b.Environ, "PATH="+bin+":"+os.Getenv("PATH"))
	s := b.bash("exit 0")
	s.Background = job.BackgroundWait
	want := "bash run.sh exited, and whether its YARN applications have ended is unknown: list YARN applications: "
	if code, res := b.run(t.Context(), s); code != 67 || res.Class != job.ClassJob || !strings.HasPrefix(res.Reason, want) {
		t.Errorf("exit %d, %+v", code, res)
	}
}

func TestSuccessWithoutApplications(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	registry := b.onYARN()
	if err := os.Mkdir(registry, 0o700); err != nil {
		t.Fatal(err)
	}
	if code, res := b.run(t.Context(), b.bash("exit 0")); code != 0 || !res.Succeeded() {
		t.Errorf("exit %d, %+v", code, res)
	}
	want := "-list -appStates NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING -appTags ephemr:r-1:clean:1\n"
	if got := b.registered(registry, "calls"); got != want {
		t.Errorf("calls %q, want %q", got, want)
	}
}

// Where no program is started there can be no application, and YARN is not asked.
func TestNoProgramNoApplications(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	registry := b.onYARN()
	if err := os.Mkdir(registry, 0o700); err != nil {
		t.Fatal(err)
	}
	s := b.bash("exit 0")
	s.Entry = "missing.sh"
	if code, _ := b.run(t.Context(), s); code != 64 || b.registered(registry, "calls") != "" {
		t.Errorf("exit %d, calls %q", code, b.registered(registry, "calls"))
	}
	if left, _ := os.ReadDir(b.Home + "/attempts"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestCommandsCarryTags(t *testing.T) {
	tests := map[job.Type]struct {
		tool, entry string
		conf        map[string]string
		want        string
	}{
		job.Spark: {"spark-submit", "main.py", map[string]string{"spark.yarn.tags": "daily"}, "--conf spark.yarn.tags=daily,ephemr:r-1:clean:1 main.py"},
		job.Hive:  {"hive", "main.sql", nil, "--hiveconf mapreduce.job.tags=ephemr:r-1:clean:1 --hiveconf tez.application.tags=ephemr:r-1:clean:1 -f main.sql"},
		job.Bash:  {"ls", "run.sh", nil, "-Da=b -Dspark.yarn.tags=ephemr:r-1:clean:1\n"},
	}
	for kind, tt := range tests {
		t.Run(string(kind), func(t *testing.T) {
			b := newBench(t)
			b.tool(tt.tool)
			b.onYARN()
			s := b.spec(kind, map[string]string{tt.entry: "echo $SPARK_SUBMIT_OPTS"})
			s.Entry, s.Conf, s.Env = tt.entry, tt.conf, map[string]string{"SPARK_SUBMIT_OPTS": "-Da=b"}
			if code, _ := b.run(t.Context(), s); code != 0 || !strings.Contains(b.stdout.String(), tt.want) {
				t.Errorf("exit %d, %q", code, b.stdout.String())
			}
		})
	}
}
