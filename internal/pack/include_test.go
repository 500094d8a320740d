package pack_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pack"
)

// shared is a project of two jobs and what they share.
var shared = map[string]string{
	"jobs/clean/main.py": "import lib.common", "jobs/clean/conf/own.yaml": "own",
	"jobs/publish/run.sh": "true",
	"lib/common.py":       "common", "lib/tool.sh*": "tool", "lib/__pycache__/common.pyc": "",
	"conf/a.yaml": "a", "conf/b.yaml": "b", "conf/secret": "s", "conf/" + pack.IgnoreFile: "/secret\n",
	"common.py": "beside",
}

func TestBuildIncludes(t *testing.T) {
	t.Parallel()
	dir := tree(t, shared)
	if err := os.Symlink("../lib/common.py", filepath.Join(dir, "conf", "link.py")); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		source  string
		include []string
		want    map[string]string // content by name
	}{
		"nothing": {"jobs/publish", nil, map[string]string{"run.sh": "true"}},
		"a file and a directory": {"jobs/clean", []string{"lib/common.py", "conf/"}, map[string]string{
			"main.py": "import lib.common", "lib/common.py": "common",
			"conf/a.yaml": "a", "conf/b.yaml": "b", "conf/link.py": "common", "conf/own.yaml": "own",
		}},
		"twice the same": {"jobs/publish", []string{"lib", "./lib/common.py", "lib"}, map[string]string{
			"run.sh": "true", "lib/common.py": "common", "lib/tool.sh": "tool",
		}},
		"what the source has anyway": {".", []string{"lib"}, nil},
		"beside a single file":       {"jobs/publish/run.sh", []string{"common.py"}, map[string]string{"run.sh": "true", "common.py": "beside"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := pack.Build(filepath.Join(dir, tt.source), pack.Options{Project: dir, Include: tt.include})
			if err != nil {
				t.Fatal(err)
			}
			got := contents(t, p)
			if tt.want == nil {
				tt.want = contents(t, build(t, dir))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("package (-want +got):\n%s", diff)
			}
		})
	}
}

func contents(t *testing.T, p *pack.Package) map[string]string {
	t.Helper()
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name] = string(text)
		if executable := f.Mode()&0o100 != 0; executable != strings.HasSuffix(f.Name, "tool.sh") && !f.Mode().IsDir() {
			t.Errorf("%s has mode %s", f.Name, f.Mode())
		}
	}
	return got
}

// What is included is part of the digest, in whatever order it is named; it is
// no candidate for the entry.
func TestBuildIncludesDeterministically(t *testing.T) {
	t.Parallel()
	dir := tree(t, shared)
	digest := func(include ...string) string {
		p, err := pack.Build(filepath.Join(dir, "jobs/clean"), pack.Options{Project: dir, Include: include})
		if err != nil {
			t.Fatal(err)
		}
		if entry, err := p.Entry(job.Spark, ""); err != nil || entry != "main.py" {
			t.Errorf("entry %q, %v", entry, err)
		}
		return p.SHA256
	}
	if digest("lib", "common.py") != digest("common.py", "lib/tool.sh", "lib/common.py") || digest("lib") == digest() {
		t.Error("the digest does not follow from the content")
	}
	write(t, dir, map[string]string{"jobs/only/job.py": "x"})
	p, err := pack.Build(filepath.Join(dir, "jobs/only"), pack.Options{Project: dir, Include: []string{"common.py"}})
	if err != nil {
		t.Fatal(err)
	}
	if entry, err := p.Entry(job.Spark, ""); err != nil || entry != "job.py" {
		t.Errorf("entry %q, %v", entry, err)
	}
}

func TestBuildRefusesIncludes(t *testing.T) {
	t.Parallel()
	outside := tree(t, map[string]string{"secret": "x"})
	dir := tree(t, shared)
	write(t, dir, map[string]string{"jobs/bad/run.sh": "", "jobs/bad/lib/common.py": "mine", "jobs/bad/conf": "a file", "jobs/worse/run.sh": "", "jobs/worse/common.py/x": ""})
	if err := os.Symlink(outside, filepath.Join(dir, "lib", "away")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "empty"), 0o750); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ source, include, want string }{
		"above the project":         {"jobs/clean", "../x", "include ../x: not inside the project"},
		"an absolute path":          {"jobs/clean", outside, "not inside the project"},
		"above, the long way":       {"jobs/clean", "lib/../../x", "not inside the project"},
		"nothing there":             {"jobs/clean", "lib/none.py", "include lib/none.py: no such file or directory in the project root " + dir},
		"an empty directory":        {"jobs/clean", "empty", "include empty: no files there"},
		"a link out of the project": {"jobs/clean", "lib", "lib/away: a symbolic link to the absolute path"},
		"a link itself":             {"jobs/clean", "lib/away", "a symbolic link to the absolute path"},
		"another file of that name": {"jobs/bad", "lib/common.py", "lib/common.py is already in the package, from " + filepath.Join(dir, "jobs/bad")},
		"a directory over a file":   {"jobs/bad", "conf", "conf is a directory here but already a file in the package"},
		"a file over a directory":   {"jobs/worse", "common.py", "common.py is a file here but already a directory in the package"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pack.Build(filepath.Join(dir, tt.source), pack.Options{Project: dir, Include: []string{tt.include}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Build: %v, want %q", err, tt.want)
			}
		})
	}
}

// Progress ends where everything has been read.
func TestBuildTellsItsProgress(t *testing.T) {
	t.Parallel()
	dir := tree(t, program)
	var last, all int64
	p, err := pack.Build(dir, pack.Options{Progress: func(done, of int64) {
		if done < last {
			t.Errorf("%d after %d", done, last)
		}
		last, all = done, of
	}})
	if err != nil || last != p.Bytes || all != p.Bytes {
		t.Errorf("%d of %d bytes of %d, %v", last, all, p.Bytes, err)
	}
}
