package runner_test

import (
	"strings"
	"testing"

	"ephemr/internal/job"
)

// A script runs as the system would run it: with the interpreter and the options
// of its first line.
func TestScripts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		entry, text string
		more        map[string]string
		args        []string
		want        string // on stdout
		code        int
		reason      string // its beginning
	}{
		"an option":           {entry: "run.sh", text: "#!/bin/bash -e\necho one\nfalse\necho two\n", want: "one\n", code: 1, reason: "bash run.sh exited 1"},
		"several options":     {entry: "run.sh", text: "#!/usr/bin/env -S bash -euo pipefail\nfalse | cat\necho two\n", code: 1, reason: "bash run.sh exited 1"},
		"no first line":       {entry: "run.sh", text: "echo $BASH_VERSINFO | tr 0-9 x\n", want: "x\n"},
		"Python":              {entry: "nightly", text: "#!/usr/bin/env python3\nimport sys\nprint('py', *sys.argv[1:])\nsys.exit(4)\n", args: []string{"a b"}, want: "py a b\n", code: 4, reason: "python3 nightly exited 4"},
		"Perl":                {entry: "run.pl", text: "#!/usr/bin/perl -l\nprint 'perl ', $ARGV[0]\n", args: []string{"x"}, want: "perl x\n"},
		"of the package":      {entry: "run.sh", text: "#!bin/mine -x\n", more: map[string]string{"bin/mine*": "#!/bin/bash\necho \"$1 ${2##*/} $3\"\n"}, args: []string{"y"}, want: "-x run.sh y\n"},
		"a dash as name":      {entry: "-x", text: "printf '%s\\n' \"$1\"\n", args: []string{"-n"}, want: "-n\n"},
		"odd names":           {entry: "a,b/[x] #1.sh", text: "echo ran\n", want: "ran\n"},
		"runs itself again":   {entry: "run.sh", text: "#!/bin/bash\n[ \"${LOCKED:-}\" ] || exec env LOCKED=yes flock -n \"$0\" \"$0\" \"$@\"\necho \"alone, with $1\"\n", args: []string{"day"}, want: "alone, with day\n"},
		"… from elsewhere":    {entry: "lib/run.sh", text: "#!/bin/bash\n[ \"${1:-}\" ] && { echo again; exit; }\ncd /tmp && exec \"$0\" x\n", want: "again\n"},
		"finds its directory": {entry: "lib/run.sh", text: "cat \"$(dirname \"$0\")/../data\"\n", more: map[string]string{"data": "data\n"}, want: "data\n"},
		"an interpreter that is not there": {
			entry: "run.sh", text: "#!/opt/none/bash -e\necho never\n", code: 127,
			reason: "the first line of run.sh names the interpreter /opt/none/bash, which is not installed on this cluster",
		},
		"CR LF":              {entry: "run.sh", text: "#!/bin/bash\r\necho never\r\n", code: 64, reason: "check the package: run.sh:1: the line ends with CR LF"},
		"a byte order mark":  {entry: "run.sh", text: "\ufeffset -e\nfalse\necho never\n", code: 64, reason: "check the package: run.sh:1: the file begins with a byte order mark"},
		"CR LF in a library": {entry: "run.sh", text: ". lib/a.sh\n", more: map[string]string{"lib/a.sh": "set -e\n\r\n"}, code: 64, reason: "check the package: lib/a.sh:2: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			files := map[string]string{tt.entry: tt.text}
			for name, text := range tt.more {
				files[name] = text
			}
			s := b.spec(job.Bash, files)
			s.Entry, s.Args = tt.entry, tt.args
			code, res := b.run(t.Context(), s)
			if code != tt.code || b.stdout.String() != tt.want || !strings.HasPrefix(res.Reason, tt.reason) {
				t.Errorf("exit %d, %q, want %d, %q; %+v, %s", code, b.stdout, tt.code, tt.want, res, b.stderr)
			}
		})
	}
}

// SQL is checked for Hive, before hive is looked for.
func TestScriptsOfHive(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"SELECT 1;\r\n":             "check the package: main.sql:1: the line ends with CR LF",
		"\ufeffSELECT 1;\n":         "check the package: main.sql:1: the file begins with a byte order mark",
		"SELECT 1;\nSELECT '\xe3';": "check the package: main.sql:2: the line is not UTF-8",
	} {
		b := newBench(t)
		s := b.spec(job.Hive, map[string]string{"main.sql": text})
		s.Entry = "main.sql"
		if code, res := b.run(t.Context(), s); code != 64 || res.Class != job.ClassInvalid || !strings.HasPrefix(res.Reason, want) {
			t.Errorf("%q: exit %d, %+v", text, code, res)
		}
	}
}
