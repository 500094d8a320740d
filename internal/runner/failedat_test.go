package runner_test

import (
	"testing"

	"ephemr/internal/job"
)

// TestSilentFailures: a script that ends by set -e prints nothing, so that the result says
// at which command; what it printed comes first.
func TestSilentFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, cause string }{
		"a command":              {"set -e\necho start\nfalse\necho never\n", "run.sh: line 3: false"},
		"in a function":          {"set -e\nfind() {\n  echo a | grep -q \"$1\"\n}\nfind b\n", `run.sh: line 5, in find: grep -q "$1"`},
		"the last command":       {"echo start\ntest -f none\n", "run.sh: line 2: test -f none"},
		"with a message":         {"set -e\ncat none\n", "cat: none: No such file or directory (run.sh: line 2: cat none)"},
		"bash's own message":     {"set -e\nawz s3 ls\n", "run.sh: line 2: awz: command not found"},
		"an exception":           {"set -e\npython3 -c 'raise ValueError(\"row 3 has no price\")'\n", "ValueError: row 3 has no price"},
		"an exit of its own":     {"false\necho no input >&2\nexit 1\n", "no input"},
		"its own trap":           {"trap 'echo bye >&2' EXIT\nset -e\nfalse\n", "bye"},
		"a script that it calls": {"set -e\nprintf 'set -e\\nfalse\\n' > x.sh\nbash x.sh\n", "run.sh: line 3: bash x.sh"},
		"its own BASH_ENV":       {"[ -z \"${BASH_ENV-}\" ] || exit 5\nset -e\nfalse\n", "run.sh: line 3: false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.spec(job.Bash, map[string]string{"run.sh": tt.text})
			s.Entry = "run.sh"
			code, res := b.run(t.Context(), s)
			if code == 0 || code == 5 || res.Cause != tt.cause {
				t.Errorf("exit %d, cause %q, want %q; %s", code, res.Cause, tt.cause, b.stderr)
			}
		})
	}
}

// TestOnlyBashIsTraced: an entry that another program runs, and the scripts that it calls,
// have the environment that they would have without the runner.
func TestOnlyBashIsTraced(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first  string
		traced bool
	}{
		"no first line": {"", true},
		"bash":          {"#!/bin/bash\n", true},
		"env bash":      {"#!/usr/bin/env bash\n", true},
		"env -S bash":   {"#!/usr/bin/env -S bash -e\n", true},
		"sh":            {"#!/bin/sh\n", false},
		"env sh":        {"#!/usr/bin/env sh\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.spec(job.Bash, map[string]string{"run.sh": tt.first + "[ -z \"${BASH_ENV-}\" ] || exit 9\ntest -f none\n"})
			s.Entry = "run.sh"
			code, res := b.run(t.Context(), s)
			if code == 0 || code == 9 || (res.Cause != "") != tt.traced {
				t.Errorf("exit %d, cause %q; %s", code, res.Cause, b.stderr)
			}
		})
	}
}

// TestTrapsChangeNothing: what is recorded about failures changes neither the exit code of
// a script nor what it prints, whatever options it sets.
func TestTrapsChangeNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text   string
		code   int
		signal string
	}{
		"succeeds, strict":             {text: "set -euo pipefail\necho ok\n"},
		"strict, in a function":        {text: "set -euo pipefail\nf() { echo ok; }\nf\n"},
		"strict, after a caught error": {text: "set -euo pipefail\nfalse || echo ok\n"},
		"leaves in a function":         {text: "set -u\nf() { echo ok; exit 0; }\nf\n"},
		"no option":                    {text: "false\necho ok\n"},
		"a code of its own":            {text: "set -euo pipefail\necho ok\nexit 3\n", code: 3},
		"a code, in a function":        {text: "set -euo pipefail\nf() { echo ok; return 4; }\nf\n", code: 4},
		"an unset variable":            {text: "set -u\necho ok\necho $none\n", code: 1},
		"a signal":                     {text: "set -euo pipefail\necho ok\nkill -USR1 $$\n", code: 138, signal: "SIGUSR1"},
		"tracing":                      {text: "echo ok\nset -x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.spec(job.Bash, map[string]string{"run.sh": tt.text})
			s.Entry = "run.sh"
			if code, res := b.run(t.Context(), s); code != tt.code || res.Signal != tt.signal || b.stdout.String() != "ok\n" {
				t.Errorf("exit %d (%s), want %d (%s); stdout %q, stderr %q", code, res.Signal, tt.code, tt.signal, b.stdout, b.stderr)
			}
		})
	}
}
