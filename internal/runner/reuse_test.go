package runner_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/proof/executable"
	"ephemr/internal/runner"
)

// fakePython puts a python3 first in PATH whose pip installs nothing, and prints
// where and with what it was called.
func fakePython(t *testing.T) {
	t.Helper()
	bin := t.TempDir()
	const script = `#!/bin/bash
[ "$1" != -c ] || { echo 3.11; exit; }
[ "$2" = pip ] || exit 9
echo "pip in $(ls | tr '\n' ' '): ${*: -1} COLOR=$COLOR PIP_INDEX_URL=$PIP_INDEX_URL" >&2
`
	if err := executable.Write(filepath.Join(bin, "python3"), script); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

// Installed libraries are used again only if nothing has changed that pip can
// read. Whatever is not plain may read all of the package and of the environment.
func TestReuse(t *testing.T) {
	t.Parallel()
	type values = map[string]string
	wheels := values{"wheels/a-1.0-py3-none-any.whl": "old"}
	newWheel := values{"wheels/a-1.0-py3-none-any.whl": "new"}
	utf16 := "\xff\xfe" + strings.Join(strings.Split("--find-links wheels\na==1.0\n", ""), "\x00") + "\x00"
	code := values{"lib/code.py": "new"}
	tests := map[string]struct {
		requirements string
		files, env   values
		change       values // of files; with "$" before the name, of the environment
		reused       bool
	}{
		// Plain: what pip cannot read does not count.
		"pinned":                     {requirements: "a==1.0\n# why\nb[x,y] >= 2, < 3.1 ; python_version < \"3.12\"  # why\nc~=1.0.post1\nd", change: code, reused: true},
		"hashes":                     {requirements: "a==1.0 \\\n    --hash=sha256:0a \\\n    --hash=sha256:0b\n", change: code, reused: true},
		"lines of Windows":           {requirements: "a==1.0\r\n", change: code, reused: true},
		"an index":                   {requirements: "--index-url https://example.com/simple\n--extra-index-url=https://example.com/x\n-i https://example.com\na==1.0\n", change: code, reused: true},
		"wheels and other code":      {requirements: "--no-index\n--find-links wheels\na==1.0\n", files: wheels, change: code, reused: true},
		"nested and other code":      {requirements: "-r more/base.txt\n-c ./limits.txt\n", files: values{"more/base.txt": "-r ../x\n", "limits.txt": "a<2\n"}, change: values{"more/x": ""}, reused: false},
		"nested below":               {requirements: "-r more/base.txt\n-c ./limits.txt\n", files: values{"more/base.txt": "-r deep.txt\n", "more/deep.txt": "a", "limits.txt": "a<2\n"}, change: code, reused: true},
		"a variable of the program":  {requirements: "a==1.0\n", change: values{"$COLOR": "red"}, reused: true},
		"an index in a variable":     {requirements: "a==1.0\n", env: values{"PIP_INDEX_URL": "https://example.com/a"}, change: code, reused: true},
		"a directory of the machine": {requirements: "a==1.0\n", env: values{"PIP_FIND_LINKS": "/usr https://example.com/a", "PIP_CERT": "/etc/hosts"}, change: code, reused: true},
		"another file":               {requirements: "a==1.0\n", change: values{"requirements.txt": "a==1.1\n"}},
		"another nested file":        {requirements: "-r base.txt\n", files: values{"base.txt": "a"}, change: values{"base.txt": "b"}},
		"another deeply nested file": {requirements: "-r more/base.txt\n", files: values{"more/base.txt": "-r deep.txt\n", "more/deep.txt": "a"}, change: values{"more/deep.txt": "b"}},
		"another limit":              {requirements: "-c limits.txt\na", files: values{"limits.txt": "a<2"}, change: values{"limits.txt": "a<3"}},
		"another wheel":              {requirements: "--find-links wheels\na==1.0\n", files: wheels, change: newWheel},
		"one more wheel":             {requirements: "--find-links wheels\na==1.0\n", files: wheels, change: values{"wheels/b-1.0-py3-none-any.whl": "new"}},
		"a source beside wheels":     {requirements: "--find-links wheels\na==1.0\n", files: values{"wheels/a-1.0.tar.gz": ""}, change: code},
		"another index":              {requirements: "a==1.0\n", change: values{"$PIP_INDEX_URL": "https://example.com/b"}},
		"another proxy":              {requirements: "a==1.0\n", change: values{"$https_proxy": "http://b"}},

		// Not plain: anything counts.
		"-fwheels":                    {requirements: "-fwheels\na==1.0\n", files: wheels, change: newWheel},
		"--find-links in quotes":      {requirements: "--find-links \"my wheels\"\na==1.0\n", files: values{"my wheels/a.whl": "old"}, change: values{"my wheels/a.whl": "new"}},
		"--find-links of a variable":  {requirements: "--find-links ${WH}\na==1.0\n", files: wheels, env: values{"WH": "wheels"}, change: newWheel},
		"… and another variable":      {requirements: "--find-links ${WH}\na==1.0\n", env: values{"WH": "wheels"}, change: values{"$WH": "other"}},
		"an abbreviated option":       {requirements: "--find-l wheels\na==1.0\n", files: wheels, change: newWheel},
		"-rbase.txt":                  {requirements: "-rbase.txt\n", files: values{"base.txt": "a"}, change: values{"base.txt": "b"}},
		"-r of a file of any name":    {requirements: "-r base.pip\n", files: values{"base.pip": "--find-links  'wheels'\na"}, change: newWheel},
		"a second option in a line":   {requirements: "--no-index -f wheels\na\n", files: wheels, change: newWheel},
		"an option after extras":      {requirements: "a[x -f wheels]\n", files: wheels, change: newWheel},
		"an option after a marker":    {requirements: "a; x -f wheels\n", files: wheels, change: newWheel},
		"an option after an index":    {requirements: "--index-url https://example.com -f wheels\n", files: wheels, change: newWheel},
		"a continued line":            {requirements: "--find-\\\nlinks wheels\na\n", files: wheels, change: newWheel},
		"a continued line in a word":  {requirements: "-f whe\\\nels\na\n", files: wheels, change: newWheel},
		"a comment that goes on":      {requirements: "# a \\\n-f wheels/\nb\n", files: values{"wheels/x.tar.gz": ""}, change: code},
		"a file":                      {requirements: "./wheels/a-1.0-py3-none-any.whl\n", files: wheels, change: newWheel},
		"a file by its name":          {requirements: "a.whl\n", files: values{"a.whl": "old"}, change: values{"a.whl": "new"}},
		"a file by its version":       {requirements: "a==1.0.zip\n", files: values{"a==1.0.zip": "old"}, change: values{"a==1.0.zip": "new"}},
		"a file with extras":          {requirements: "a.zip[x]\n", files: values{"a.zip": "old"}, change: values{"a.zip": "new"}},
		"a URL":                       {requirements: "a @ file:lib\n", files: values{"lib/setup.py": "old"}, change: values{"lib/setup.py": "new"}},
		"a URL with ..":               {requirements: "file:x/../lib#egg=a\n", files: values{"lib/setup.py": "old"}, change: values{"lib/setup.py": "new"}},
		"the package":                 {requirements: ".\n", files: values{"src/a/__init__.py": "old"}, change: values{"src/a/__init__.py": "new"}},
		"the package, editable":       {requirements: "-e .\n", files: values{"src/a/__init__.py": "old"}, change: values{"src/a/__init__.py": "new"}},
		"UTF-16":                      {requirements: utf16, files: wheels, change: newWheel},
		"a byte order mark":           {requirements: "\ufeff-f wheels\n", files: wheels, change: newWheel},
		"another encoding":            {requirements: "# -*- coding: utf-7 -*-\n+AC0-f wheels\n", files: wheels, change: newWheel},
		"another end of line":         {requirements: "# a\u2028-f wheels\na\n", files: wheels, change: newWheel},
		"an old end of line":          {requirements: "# a\r-f wheels\na\n", files: wheels, change: newWheel},
		"PIP_FIND_LINKS":              {requirements: "a==1.0\n", files: wheels, env: values{"PIP_FIND_LINKS": "wheels"}, change: newWheel},
		"PIP_Constraint":              {requirements: "a\n", files: values{"limits": "a<2"}, env: values{"PIP_Constraint": "limits"}, change: values{"limits": "a<3"}},
		"PIP_CONFIG_FILE":             {requirements: "a\n", files: values{"pip.conf": "a"}, env: values{"PIP_CONFIG_FILE": "pip.conf"}, change: values{"pip.conf": "b"}},
		"PIP_INDEX_URL of a file":     {requirements: "a\n", files: values{"simple/a/index.html": "a"}, env: values{"PIP_INDEX_URL": "file:simple"}, change: values{"simple/a/index.html": "b"}},
		"PIP_EXTRA_INDEX_URL of one":  {requirements: "a\n", files: values{"simple/a/index.html": "a"}, env: values{"PIP_EXTRA_INDEX_URL": "https://x file:simple"}, change: values{"simple/a/index.html": "b"}},
		"HOME":                        {requirements: "a\n", files: values{".config/pip/pip.conf": "a"}, env: values{"HOME": "."}, change: values{".config/pip/pip.conf": "b"}},
		"PYTHONPATH":                  {requirements: "a\n", files: values{"sitecustomize.py": "a"}, env: values{"PYTHONPATH": "."}, change: values{"sitecustomize.py": "b"}},
		"a variable of compilers":     {requirements: "a==1.0\n", change: values{"$CFLAGS": "-O0"}},
		"nothing, but not plain":      {requirements: "-e .\n", change: values{"$COLOR": "blue"}, env: values{"COLOR": "blue"}, reused: true},
		"not plain, another variable": {requirements: "-e .\n", change: values{"$COLOR": "red"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := values{"run.sh": "true", "requirements.txt": tt.requirements, "lib/code.py": "old"}
			maps.Copy(files, tt.files)
			env := values{"COLOR": "blue"}
			maps.Copy(env, tt.env)
			before := wanted(t, files, env)
			for name, value := range tt.change {
				if variable, ok := strings.CutPrefix(name, "$"); ok {
					env[variable] = value
				} else {
					files[name] = value
				}
			}
			if reused := wanted(t, files, env) == before; reused != tt.reused {
				t.Errorf("reused: %t, want %t", reused, tt.reused)
			}
		})
	}
}

// wanted is the digest that decides whether installed libraries are used again.
func wanted(t *testing.T, files, env map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, "package", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{"HOME=/nonexistent", "STEP=yes"}
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	digest, err := runner.Wanted(job.Spec{Env: env}, dir, all)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// For plain requirements pip runs in an empty directory and gets no variables but
// its own: neither can change what it installs.
func TestPipOfPlainRequirements(t *testing.T) {
	fakePython(t)
	for requirements, want := range map[string]string{
		"a==1.0\n": "pip in : PACKAGE/requirements.txt COLOR= PIP_INDEX_URL=https://example.com\n",
		"./a\n":    "pip in requirements.txt run.sh : requirements.txt COLOR=blue PIP_INDEX_URL=https://example.com\n",
	} {
		b := newBench(t)
		s := b.spec(job.Bash, map[string]string{"run.sh": "", "requirements.txt": requirements})
		s.Env = map[string]string{"COLOR": "blue", "PIP_INDEX_URL": "https://example.com"}
		code, res := b.run(t.Context(), s)
		got := b.stderr.String()
		if i := strings.Index(got, b.Home); i >= 0 {
			_, rest, _ := strings.Cut(got[i:], "/package/")
			got = got[:i] + "PACKAGE/" + rest
		}
		if code != 0 || !strings.Contains(got, want) {
			t.Errorf("exit %d, %+v, got %s, want %s", code, res, fmt.Sprintf("%q", got), want)
		}
	}
}
