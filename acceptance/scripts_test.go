package acceptance_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite output.txt of the scripts, and the sessions in docs/cli.md")

// Lines by which a script says what it needs.
const (
	offline = "\n# needs no region\n"
	alone   = "\n# runs alone\n"
)

// script is a folder <command>/<case> with a session of a user.
type script struct {
	dir  string // as seen from here
	name string // of its own pipelines and users
	text string
}

// scripts are the folders whose script want accepts.
func scripts(t *testing.T, want func(text string) bool) []script {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("*", "*", "script"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d scripts, %v", len(files), err)
	}
	var all []script
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // of this checkout
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(file)
		s := script{dir: dir, name: strings.ReplaceAll(filepath.ToSlash(dir), "/", "-") + "-" + nonce, text: string(text)}
		if len(s.name) > 34 { // adhoc-<name> is a pipeline
			t.Errorf("%s: the names of command and case are too long together", dir)
		}
		if want(s.text) {
			all = append(all, s)
		}
	}
	return all
}

// What people type, and what they see then.
func TestScripts(t *testing.T) {
	t.Parallel()
	for _, s := range scripts(t, func(text string) bool { return !strings.Contains(text, offline) && !strings.Contains(text, alone) }) {
		t.Run(s.dir, func(t *testing.T) {
			t.Parallel()
			s.check(t)
		})
	}
}

// Before anything else goes on in the region.
func TestScriptsAlone(t *testing.T) { //nolint:paralleltest // that is the point
	for _, s := range scripts(t, func(text string) bool { return strings.Contains(text, alone) }) {
		t.Run(s.dir, s.check)
	}
}

// This one runs with -short as well.
func TestScriptsWithoutRegion(t *testing.T) {
	t.Parallel()
	for _, s := range scripts(t, func(text string) bool { return strings.Contains(text, offline) }) {
		t.Run(s.dir, func(t *testing.T) {
			t.Parallel()
			s.check(t)
		})
	}
}

// check plays the script and compares what came of it with output.txt.
func (s script) check(t *testing.T) {
	t.Helper()
	got := s.normal(s.play(t))
	file := filepath.Join(s.dir, "output.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file) //nolint:gosec // of this checkout
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s\nall of it:\n%s", file, d, got)
	}
}

// play runs the script in a copy of its folder and returns what it wrote to
// stdout and stderr, in the order in which it did.
func (s script) play(t *testing.T) string {
	t.Helper()
	work := t.TempDir()
	if err := os.CopyFS(work, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	prelude, err := filepath.Abs("prelude.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "bash", "-c", `. "$1"; . ./script`, "bash", prelude) //nolint:gosec // our own script
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = work, &out, &out
	cmd.Env = s.environ(work)
	cmd.WaitDelay = 5 * time.Second // for what a script leaves in the background
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v", s.dir, err)
	}
	return strings.ReplaceAll(out.String(), work, "[DIR]")
}

// environ is what a script finds: the built ephemr, a region if it wants one,
// and nothing of whoever runs the tests.
func (s script) environ(home string) []string {
	path := []string{filepath.Dir(program), os.Getenv("PATH")}
	env := []string{
		"HOME=" + home, "NAME=" + s.name, "USER=" + s.name, "LANG=C.UTF-8", "TZ=UTC", "AWS_EC2_METADATA_DISABLED=true",
	}
	if !strings.Contains(s.text, offline) {
		path = slices.Concat(path[:1], w.region.Tools(), path[1:])
		env = append(append(env, w.region.Environ()...), "RAW=s3://"+w.settings.Lake["raw"])
	}
	return append(env, "PATH="+strings.Join(path, string(os.PathListSeparator)))
}
