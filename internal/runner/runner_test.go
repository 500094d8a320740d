package runner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ephemr/internal/job"
)

// sameResult ignores what every attempt has.
var sameResult = cmpopts.IgnoreFields(job.Result{}, "RunID", "Job", "Attempt", "StartedAt", "EndedAt")

func TestRun(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		change func(*job.Spec)
		want   job.Result
	}{
		"success": {
			script: "echo out; echo err >&2",
			want:   job.Result{Tail: []string{"err"}},
		},
		"stdout is the tail when stderr is empty": {
			script: "for i in $(seq 30); do echo $i; done; printf x%.0s $(seq 600)",
			want:   job.Result{Tail: strings.Fields("12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 " + strings.Repeat("x", 500))},
		},
		"the tail has the last state of a progress bar": {
			script: `for i in 5 10 15; do printf '\rcopied %d%%' $i >&2; done; echo >&2; printf 'a\r\n1%%\r2%%\r' >&2`,
			want:   job.Result{Tail: []string{"copied 15%", "a", "2%"}},
		},
		"Python is not buffered": {
			script: "echo $PYTHONUNBUFFERED",
			want:   job.Result{Tail: []string{"1"}},
		},
		"Python is buffered on request": {
			script: "echo [$PYTHONUNBUFFERED]",
			change: func(s *job.Spec) { s.Env = map[string]string{"PYTHONUNBUFFERED": ""} },
			want:   job.Result{Tail: []string{"[]"}},
		},
		"everything printed before a timeout is there": {
			script: "exec python3 -c 'import time\nfor i in range(3): print(\"day\", i)\ntime.sleep(60)'",
			change: func(s *job.Spec) { s.TimeoutSeconds = 1 },
			want: job.Result{
				ExitCode: 124, Signal: "SIGTERM", Class: job.ClassTimeout, Reason: "bash run.sh timed out after 1s",
				Tail: []string{"day 0", "day 1", "day 2"},
			},
		},
		"exit code": {
			script: "exit 3",
			want:   job.Result{ExitCode: 3, Class: job.ClassJob, Reason: "bash run.sh exited 3"},
		},
		"the cause": {
			script: "echo working; echo 'in.csv: no such file' >&2; exit 3",
			want:   job.Result{ExitCode: 3, Class: job.ClassJob, Reason: "bash run.sh exited 3: in.csv: no such file", Cause: "in.csv: no such file", Tail: []string{"in.csv: no such file"}},
		},
		"the cause in a traceback": {
			script: `python3 -c 'def f(): raise ValueError("row 3 has no price")
f()'; echo cleaning up; exit 4`,
			want: job.Result{ExitCode: 4, Class: job.ClassJob, Reason: "bash run.sh exited 4: ValueError: row 3 has no price", Cause: "ValueError: row 3 has no price", Tail: []string{
				"Traceback (most recent call last):", `  File "<string>", line 2, in <module>`, `  File "<string>", line 1, in f`, "ValueError: row 3 has no price",
			}},
		},
		"nothing to do": {
			script: "echo seen=5 >>$EPHEMR_OUTPUT; echo no new files; exit 77",
			want:   job.Result{ExitCode: 77, NothingToDo: true, Tail: []string{"no new files"}, Outputs: map[string]string{"seen": "5"}},
		},
		"nothing to do, but malformed outputs": {
			script: "echo rows >$EPHEMR_OUTPUT; exit 77",
			want:   job.Result{ExitCode: 65, Class: job.ClassData, Reason: `read outputs: line 1 is not key=value: "rows"; write a value of several lines as key<<END, the lines, and END`},
		},
		"nothing to do after the timeout": {
			script: "exec 2>/dev/null; trap 'exit 77' TERM; while :; do sleep 0.1; done",
			change: func(s *job.Spec) { s.TimeoutSeconds = 1 },
			want:   job.Result{ExitCode: 124, Class: job.ClassTimeout, Reason: "bash run.sh timed out after 1s"},
		},
		"killed": {
			script: "kill -KILL $$",
			want:   job.Result{ExitCode: 137, Signal: "SIGKILL", Class: job.ClassJob, Reason: "bash run.sh was killed by SIGKILL (out of memory?)"},
		},
		"child killed": {
			script: "exec 2>/dev/null; bash -c 'kill -KILL $$'",
			want: job.Result{
				ExitCode: 137, Class: job.ClassJob,
				Reason: "bash run.sh exited 137: a process of it was killed by SIGKILL (out of memory?): run.sh: line 1: bash -c 'kill -KILL $$'", Cause: "run.sh: line 1: bash -c 'kill -KILL $$'",
			},
		},
		"timeout": {
			script: "echo before; exec sleep 60",
			change: func(s *job.Spec) { s.TimeoutSeconds = 1 },
			want:   job.Result{ExitCode: 124, Signal: "SIGTERM", Class: job.ClassTimeout, Reason: "bash run.sh timed out after 1s", Tail: []string{"before"}},
		},
		"timeout of a program that ignores SIGTERM": {
			script: "trap '' TERM; echo before; while :; do sleep 1; done",
			change: func(s *job.Spec) { s.TimeoutSeconds = 1 },
			want:   job.Result{ExitCode: 124, Signal: "SIGKILL", Class: job.ClassTimeout, Reason: "bash run.sh timed out after 1s", Tail: []string{"before"}},
		},
		"outputs": {
			script: "echo rows=6 >>$EPHEMR_OUTPUT; echo >>$EPHEMR_OUTPUT; printf 'q=a=b' >>$EPHEMR_OUTPUT",
			want:   job.Result{Outputs: map[string]string{"rows": "6", "q": "a=b"}},
		},
		"malformed output": {
			script: "echo rows >$EPHEMR_OUTPUT",
			want:   job.Result{ExitCode: 65, Class: job.ClassData, Reason: `read outputs: line 1 is not key=value: "rows"; write a value of several lines as key<<END, the lines, and END`},
		},
		"too long an output": {
			script: "echo v=$(printf x%.0s $(seq 4097)) >$EPHEMR_OUTPUT",
			want:   job.Result{ExitCode: 65, Class: job.ClassData, Reason: "read outputs: line 1: the value of v has 4097 bytes, more than 4096"},
		},
		"too many outputs": {
			script: "for i in $(seq 65); do echo k$i=v; done >$EPHEMR_OUTPUT",
			want:   job.Result{ExitCode: 65, Class: job.ClassData, Reason: "read outputs: 65 outputs are more than 64"},
		},
		"too large outputs": {
			script: "for i in 1 2 3 4 5 6 7 8 9; do echo k$i=$(printf x%.0s $(seq 4000)); done >$EPHEMR_OUTPUT",
			want:   job.Result{ExitCode: 65, Class: job.ClassData, Reason: "read outputs: 36018 bytes are more than 32768"},
		},
		"a pipe for outputs": {
			script: "rm $EPHEMR_OUTPUT; mkfifo $EPHEMR_OUTPUT",
			want:   job.Result{ExitCode: 65, Class: job.ClassData, Reason: "read outputs: the file of $EPHEMR_OUTPUT is gone"},
		},
		"environment": {
			script: `echo "$FROM_STEP $COLOR $EPHEMR_RUN_ID $EPHEMR_JOB $EPHEMR_ATTEMPT $1"; ls`,
			change: func(s *job.Spec) {
				s.Env = map[string]string{"COLOR": "blue", "EPHEMR_JOB": "forged"}
				s.Args = []string{"an arg"}
			},
			want: job.Result{Tail: []string{"yes blue r-1 clean 1 an arg", "run.sh"}},
		},
		"missing entry": {
			change: func(s *job.Spec) { s.Entry = "main.sh" },
			want:   job.Result{ExitCode: 64, Class: job.ClassInvalid, Reason: "entry main.sh is not in package s3://b/packages/p.zip"},
		},
		"entry outside": {
			change: func(s *job.Spec) { s.Entry = "../run.sh" },
			want:   job.Result{ExitCode: 64, Class: job.ClassInvalid, Reason: `s3://b/runs/r-1/clean/1/job.json: entry "../run.sh" is not a file of the package`},
		},
		"missing package": {
			change: func(s *job.Spec) { s.Package = "s3://b/packages/q.zip" },
			want:   job.Result{ExitCode: 64, Class: job.ClassInvalid, Reason: "read package s3://b/packages/q.zip: NoSuchKey: no (it does not exist)"},
		},
		"unknown type": {
			change: func(s *job.Spec) { s.Type = "cobol" },
			want:   job.Result{ExitCode: 64, Class: job.ClassInvalid, Reason: `s3://b/runs/r-1/clean/1/job.json: type "cobol" is unknown`},
		},
		"program not installed": {
			change: func(s *job.Spec) { s.Type = job.Jar },
			want: job.Result{
				ExitCode: 127, Class: job.ClassInvalid,
				Reason: "hadoop is not installed on this cluster; check the applications of its profile",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.bash(tt.script)
			if tt.change != nil {
				tt.change(&s)
			}
			b.want(s, tt.want)
		})
	}
}

// want runs s and compares all that a step shows of its end.
func (b *bench) want(s job.Spec, want job.Result) {
	b.Helper()
	code, got := b.run(b.Context(), s)
	if diff := cmp.Diff(want, got, sameResult); diff != "" {
		b.Errorf("result (-want +got):\n%s", diff)
	}
	exit := want.ExitCode
	if want.NothingToDo {
		exit = 0 // or EMR would call the step FAILED
	}
	if code != exit {
		b.Errorf("exit code %d, want %d", code, exit)
	}
	if got.RunID != "r-1" || got.Job != "clean" || got.Attempt != 1 || got.StartedAt.IsZero() || got.EndedAt.Before(got.StartedAt) {
		b.Errorf("result does not say which attempt and when: %+v", got)
	}
	if want.Reason != "" && !strings.Contains(b.stderr.String(), "ephemr: "+want.Reason+"\n") {
		b.Errorf("reason is not on stderr: %q", b.stderr.String())
	}
}

func TestLogsAndTee(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	code, _ := b.run(t.Context(), b.bash("echo one; echo; printf two; printf 'e\\xff\\n' >&2"))
	if code != 0 || b.stdout.String() != "one\n\ntwo" || b.stderr.String() != "e\xff\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, b.stdout.String(), b.stderr.String())
	}
	want := map[string][]string{dir + "/stdout": {"one", " ", "two"}, dir + "/stderr": {"e\uFFFD"}}
	if diff := cmp.Diff(want, b.logs.streams); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
}

func TestLogsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.logs.err = apiError("AccessDeniedException")
	code, res := b.run(t.Context(), b.bash("seq 100000; echo done >&2"))
	if code != 0 || !res.Succeeded() || !strings.HasSuffix(b.stdout.String(), "\n100000\n") {
		t.Errorf("exit %d, %+v", code, res)
	}
	if n := strings.Count(b.stderr.String(), "stop streaming to log stream "+dir+"/stdout of /ephemr/test"); n != 1 {
		t.Errorf("said %d times that streaming stopped: %q", n, b.stderr.String())
	}
}

func TestMuchOutput(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("100 MB take seconds")
	}
	b := newBench(t)
	const line, lines = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 ", 1_000_000
	start := time.Now()
	code, _ := b.run(t.Context(), b.bash("awk 'BEGIN { for (i = 0; i < 1000000; i++) print \""+line+"\" i }'"))
	took := time.Since(start)
	if code != 0 {
		t.Fatalf("exit %d", code)
	}
	want := make([]string, lines)
	for i := range want {
		want[i] = line + itoa(i)
	}
	if b.stdout.String() != strings.Join(want, "\n")+"\n" {
		t.Error("raw output differs")
	}
	got := b.logs.streams[dir+"/stdout"]
	if len(got) != lines {
		t.Fatalf("%d events, want %d", len(got), lines)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("event %d is %q", i, got[i])
		}
	}
	t.Logf("%d MB in %s, %.0f lines/s", b.stdout.b.Len()>>20, took, lines/took.Seconds())
}
