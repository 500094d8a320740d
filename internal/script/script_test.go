package script_test

import (
	"slices"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/script"
)

func TestInterpreter(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"":                  nil,
		"echo\n":            nil,
		"#!\n":              nil,
		"# !/bin/sh\n":      nil,
		"#!/bin/bash\necho": {"/bin/bash"},
		"#!/bin/bash -e":    {"/bin/bash", "-e"},
		"#! /usr/bin/env  -S bash -euo pipefail\n": {"/usr/bin/env", "-S bash -euo pipefail"},
		"#!/usr/bin/perl\t-w \t\nprint":            {"/usr/bin/perl", "-w"},
		"#!/bin/bash\r\nset -e":                    {"/bin/bash\r"},
		"#!/" + strings.Repeat("x", 300):           {"/" + strings.Repeat("x", 253)},
	}
	for text, want := range tests {
		if got := script.Interpreter([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const crlf, mark = "ends with CR LF", "begins with a byte order mark"
	tests := map[string]struct {
		kind  job.Type
		name  string // the entry if it begins with "*"
		text  string
		fault string // "" = accepted
	}{
		"plain":                                  {job.Bash, "*run.sh", "#!/bin/bash\necho hello\n", ""},
		"empty":                                  {job.Bash, "*run.sh", "", ""},
		"no line end":                            {job.Bash, "*run.sh", "echo", ""},
		"CR LF":                                  {job.Bash, "*run.sh", "#!/bin/bash\r\nset -e\r\n", "run.sh:1: the line " + crlf},
		"CR LF in one line":                      {job.Bash, "*run.sh", "#!/bin/bash\nset -e\r\nfalse\n", "run.sh:2: the line " + crlf},
		"CR LF in the last line":                 {job.Bash, "*run.sh", "#!/bin/bash\nset -e\r", "run.sh:2: the line " + crlf},
		"CR inside a line":                       {job.Bash, "*run.sh", "printf 'a\rb'\necho", ""},
		"CR alone":                               {job.Bash, "*run.sh", "#!/bin/bash\rset -e\rfalse\recho\n", "run.sh:1: the lines end with CR;"},
		"CR alone without an interpreter":        {job.Bash, "*run.sh", "set\rset -e\rfalse\recho\n", "run.sh:1: the lines end with CR;"},
		"byte order mark":                        {job.Bash, "*run.sh", "\ufeffset -e\nfalse\n", "run.sh:1: the file " + mark},
		"byte order mark before #!":              {job.Bash, "*run.sh", "\ufeff#!/bin/bash\nfalse\n", "run.sh:1: the file " + mark},
		"UTF-16":                                 {job.Bash, "*run.sh", "\xff\xfes\x00e\x00t\x00", "run.sh:1: the file is encoded in UTF-16;"},
		"UTF-16 without a mark":                  {job.Bash, "*run.sh", "s\x00e\x00t\x00", "run.sh:1: the file is encoded in UTF-16;"},
		"UTF-16, the other order":                {job.Hive, "*main.sql", "\x00s\x00e\x00t", "main.sql:1: the file is encoded in UTF-16;"},
		"another encoding":                       {job.Bash, "*run.sh", "echo S\xe3o\n", ""},
		"an entry of any name":                   {job.Bash, "*nightly", "set -e\r\n", "nightly:1: the line " + crlf},
		"Python with CR LF after line 1":         {job.Bash, "*nightly", "#!/usr/bin/env python3\nprint(1)\r\n", ""},
		"Python with CR LF in line 1":            {job.Bash, "*nightly", "#!/usr/bin/env python3\r\nprint(1)\r\n", "nightly:1: the line " + crlf},
		"Python of Spark":                        {job.Spark, "*main.py", "\ufeffprint(1)\r\n", ""},
		"a shell script beside the entry":        {job.Spark, "lib/setup.sh", "set -e\r\n", "lib/setup.sh:1: the line " + crlf},
		"a shell script known by its first line": {job.Bash, "bin/fetch", "#!/usr/bin/env -S bash -eu\nset -e\r\n", "bin/fetch:2: the line " + crlf},
		"data":                                   {job.Bash, "data.csv", "\ufeffa,b\r\n", ""},
		"a compiled program":                     {job.Bash, "*run", "\x7fELF\r\n", ""},
		"a batch file":                           {job.Bash, "run.bat", "@echo off\r\n", ""},
		"SQL":                                    {job.Hive, "*main.sql", "-- größe\nSELECT 1;\n", ""},
		"SQL with CR LF":                         {job.Hive, "*main.sql", "SET x=1;\nSELECT 1;\r\n", "main.sql:2: the line " + crlf},
		"SQL with a byte order mark":             {job.Hive, "*report.q", "\ufeffSELECT 1;", "report.q:1: the file " + mark},
		"SQL in another encoding":                {job.Hive, "*main.sql", "SELECT 1;\nSELECT 'S\xe3o';", "main.sql:2: the line is not UTF-8;"},
		"SQL with a zero byte":                   {job.Hive, "*main.sql", "SELECT 1;\nSELECT '\x00';", "main.sql:2: the line has a zero byte;"},
		"SQL beside the entry":                   {job.Hive, "lib/views.hql", "SELECT 1;\r\n", "lib/views.hql:1: the line " + crlf},
		"SQL of another type":                    {job.Bash, "lib/views.sql", "SELECT 1;\r\n", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, entry := strings.CutPrefix(tt.name, "*")
			err := script.Check(tt.kind, file, entry, strings.NewReader(tt.text))
			if (err == nil) != (tt.fault == "") || err != nil && !strings.HasPrefix(err.Error(), tt.fault) {
				t.Errorf("%v, want %q", err, tt.fault)
			}
		})
	}
}
