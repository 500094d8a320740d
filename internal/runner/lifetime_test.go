package runner_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"ephemr/internal/job"
)

// left starts a process that outlives the program, in several ways; %s is where
// it writes its id.
var left = map[string]string{
	"in the group":            "sleep 300 & echo $! >%s",
	"in a session of its own": "setsid sleep 300 & echo $! >%s",
	"holding no pipe":         "sleep 300 >/dev/null 2>&1 </dev/null & echo $! >%s",
	"with job control":        "set -m; sleep 300 & echo $! >%s",
	"started twice removed":   "(sleep 300 & echo $! >%s)",
	"ignoring SIGTERM":        "(trap '' TERM; sleep 300 & echo $! >%s)",
}

func TestBackgroundWorkIsNoSuccess(t *testing.T) {
	t.Parallel()
	for name, script := range left {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			pidFile := filepath.Join(t.TempDir(), "pid")
			code, res := b.run(t.Context(), b.bash(strings.ReplaceAll(script, "%s", pidFile)))
			if code != 67 || res.Class != job.ClassJob || len(res.Background) != 1 || !strings.Contains(res.Reason, ": "+res.Background[0]+"; ") {
				t.Errorf("exit %d, %+v", code, res)
			}
			if !strings.HasSuffix(res.Background[0], " (pid "+pidIn(t, pidFile)+")") {
				t.Errorf("names %q", res.Background)
			}
			ensureGone(t, pidFile)
		})
	}
}

func TestBackground(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		mode    job.Background
		script  string
		seconds int // timeout
		code    int
		class   job.Class
		reason  string // regular expression
		listed  int
		stdout  string
		settle  time.Duration
	}{
		"short work settles": {settle: time.Minute, script: "sleep 0.1 & echo up", stdout: "up\n"},
		"kill":               {mode: job.BackgroundKill, script: "sleep 300 & echo up", listed: 1, stdout: "up\n"},
		"kill, after nothing to do": {
			mode: job.BackgroundKill, script: "sleep 300 & exit 77", code: 77, listed: 1,
		},
		"kill, malformed outputs": {
			mode: job.BackgroundKill, script: "sleep 300 & echo rows >>$EPHEMR_OUTPUT; exit 77", code: 65, class: job.ClassData, reason: "rows", listed: 1,
		},
		"kill, with time to clean up": {
			mode: job.BackgroundKill, script: "(trap 'echo tidy; exit' TERM; sleep 300 & touch up; wait) & until [ -e up ]; do sleep 0.01; done", listed: 2, stdout: "tidy\n",
		},
		"wait":                      {mode: job.BackgroundWait, script: "(sleep 0.6; echo part) & echo up", stdout: "up\npart\n"},
		"wait, failed":              {mode: job.BackgroundWait, script: "sleep 300 & exit 3", seconds: 60, code: 3, class: job.ClassJob, reason: "exited 3$", listed: 1},
		"wait, after nothing to do": {mode: job.BackgroundWait, script: "(sleep 0.6; echo part) & exit 77", code: 77, stdout: "part\n"},
		"kill, the timeout passes while it settles": {
			mode: job.BackgroundKill, script: "sleep 300 &", settle: 1200 * time.Millisecond, seconds: 1, listed: 1,
		},
		"fail, the timeout passes while it settles": {
			script: "sleep 300 &", settle: 1200 * time.Millisecond, seconds: 1, code: 67, class: job.ClassJob, reason: "which were ended: ", listed: 1,
		},
		"wait, until the timeout": {
			mode: job.BackgroundWait, script: "sleep 300 &", seconds: 1, code: 124, class: job.ClassTimeout, listed: 1,
			reason: `^bash run.sh timed out after 1s while it waited for processes in the background: sleep 300 \(pid \d+\)$`,
		},
		"fail": {
			mode: job.BackgroundFail, script: "echo ERROR: only a warning >&2; for i in 1 2 3 4 5 6 7; do sleep 300 & done", code: 67, class: job.ClassJob, listed: 7,
			reason: `^bash run.sh exited while processes that it had started were running, which were ended: (\S+ \S+ \(pid \d+\),? ){3}and 4 more; ` +
				`wait for them, or set background to wait or kill$`,
		},
		"an exit code of the program's own": {script: "echo ERROR: why >&2; exit 67", code: 67, class: job.ClassJob, reason: "exited 67: ERROR: why$"},
		"fail, after a failure":             {script: "sleep 300 & exit 3", code: 3, class: job.ClassJob, reason: "exited 3$", listed: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.bash(tt.script)
			s.Background, s.TimeoutSeconds = tt.mode, tt.seconds
			b.Settle = max(b.Settle, tt.settle)
			_, res := b.run(t.Context(), s)
			if res.ExitCode != tt.code || res.Class != tt.class || len(res.Background) != tt.listed || b.stdout.String() != tt.stdout {
				t.Errorf("%+v, stdout %q", res, b.stdout)
			}
			if !regexp.MustCompile(tt.reason).MatchString(res.Reason) {
				t.Errorf("reason %q", res.Reason)
			}
		})
	}
}

func TestBackgroundUnknown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.bash("echo never")
	s.Background = "forget"
	if code, res := b.run(t.Context(), s); code != 64 || !strings.Contains(res.Reason, `background "forget" is unknown`) {
		t.Errorf("exit %d, %+v", code, res)
	}
}

// load does what a job should do on SIGTERM, and is slower than everything else. It
// sleeps in short pieces: Python looks for signals before a sleep begins and when the
// sleep ends or is interrupted, so one that arrives in between waits for its end.
const load = `import signal, sys, time
def stop(*_):
    for i in range(4):
        print("rolling back", i, flush=True)
        time.sleep(0.2)
    open("%s", "w").write("rolled back")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
open("%s.up", "w").close()
while True:
    time.sleep(0.1)
`

// Every process of a job gets SIGTERM and the whole grace period, whatever
// started it and whatever ends before it.
func TestGraceOfEveryProcess(t *testing.T) {
	t.Parallel()
	scripts := map[string]string{
		"the program":           "exec python3 load.py",
		"a child":               "python3 load.py; true",
		"redirected":            "python3 load.py >load.log 2>&1; true",
		"in the background":     "python3 load.py & wait",
		"of timeout":            "timeout 300 python3 load.py",
		"with job control":      "set -m; python3 load.py & wait",
		"a session of its own":  "setsid --wait python3 load.py",
		"below one that ends":   "bash -c 'python3 load.py; true'; true",
		"with a cleared output": "exec >/dev/null 2>&1; python3 load.py; true",
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			done := filepath.Join(t.TempDir(), "done")
			s := b.spec(job.Bash, map[string]string{"run.sh": script, "load.py": strings.ReplaceAll(load, "%s", done)})
			s.GraceSeconds = 30
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { awaitFile(ctx, done+".up"); cancel() }()
			_, res := b.run(ctx, s)
			if text, _ := os.ReadFile(done); string(text) != "rolled back" || res.Class != job.ClassCancelled { //nolint:gosec // in a temporary directory
				t.Errorf("wrote %q, stdout %q, %+v", text, b.stdout, res)
			}
		})
	}
}

func TestGraceAfterTimeout(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.bash("(trap 'sleep 0.5; echo tidy; exit' TERM; while :; do sleep 0.05; done) & wait")
	s.TimeoutSeconds, s.GraceSeconds = 1, 30
	_, res := b.run(t.Context(), s)
	if b.stdout.String() != "tidy\n" || res.Class != job.ClassTimeout || res.ExitCode != 124 || res.Background != nil {
		t.Errorf("stdout %q, %+v", b.stdout, res)
	}
}

func TestGraceEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pidFile := filepath.Join(t.TempDir(), "pid")
	s := b.bash("(trap '' TERM; echo $BASHPID >" + pidFile + "; while :; do sleep 0.1; done) >/dev/null 2>&1 & wait")
	s.TimeoutSeconds = 1
	start := time.Now()
	_, res := b.run(t.Context(), s)
	if took := time.Since(start); res.Class != job.ClassTimeout || took > 20*time.Second {
		t.Errorf("after %s: %+v", took, res)
	}
	ensureGone(t, pidFile)
}

func awaitFile(ctx context.Context, name string) {
	for ctx.Err() == nil {
		if _, err := os.Stat(name); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func pidIn(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // in a temporary directory
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func ensureGone(t *testing.T, file string) {
	t.Helper()
	pid, err := strconv.Atoi(pidIn(t, file))
	if err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Errorf("process %d outlived the program", pid)
	}
}
