package cli_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/cli"
	"ephemr/internal/cli/region"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/proof/executable"
	"ephemr/internal/release"
)

// The project's local region is used where nothing else is selected, and never instead of an account.
func TestRegionIsSelected(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		line    string
		environ map[string]string
		found   bool
		err     error
		want    string
	}{
		"nothing selected":         {line: "runs", found: true, want: "connect to local"},
		"local selected":           {line: "runs --stage local", found: true, want: "connect to local"},
		"another stage":            {line: "runs --stage dev", found: true, want: "connect to dev"},
		"another stage by default": {line: "runs", environ: map[string]string{"EPHEMR_STAGE": "prod"}, found: true, want: "connect to prod"},
		"an endpoint":              {line: "runs", environ: map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, found: true, want: "no stage given"},
		"no region":                {line: "runs", want: "no stage given"},
		"a broken region":          {line: "runs --stage local", err: errors.New("read record"), want: "read record"},
		"a broken region, unused":  {line: "version", err: errors.New("read record")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, stderr buffer
			app := &session.App{
				IO: &terminal.IO{Out: &out, Err: &stderr}, Getenv: func(k string) string { return tt.environ[k] },
				UseRegion: func() (bool, error) { return tt.found, tt.err },
				Connect: func(_ context.Context, stage string) (*session.Session, error) {
					return nil, errors.New("connect to " + stage)
				},
			}
			cli.Main(t.Context(), strings.Fields(tt.line), app, "v1")
			contains(t, stderr.String(), tt.want)
		})
	}
}

// laptop stands for the programs of a release: it prints its arguments.
const laptop = "#!/bin/sh\necho \"$(basename \"$0\") $*\"\n"

func TestRegionCommands(t *testing.T) {
	project, root := t.TempDir(), t.TempDir()
	for _, program := range []string{"scripts/setup", "dist/bin/laptop"} {
		path := filepath.Join(root, program)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), executable.Write(path, laptop)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(project, "jobs", "x"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(project, "stages"), 0o750); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(project, "jobs", "x"))
	flags := "laptop --dir " + filepath.Join(project, ".local") + " --stages " + filepath.Join(project, "stages") + " "
	for line, want := range map[string]string{
		"up":             "setup \n" + flags + "up\n" + flags + "deploy\n",
		"down":           flags + "down\n",
		"demo --month 2": flags + "demo --month 2\n",
		"env":            flags + "env\n",
	} {
		var out buffer
		app := &session.App{
			IO: &terminal.IO{Out: &out, Err: &out}, Getenv: func(string) string { return "" },
			Release: func(context.Context) (release.Release, error) { return release.Release{Root: root}, nil },
		}
		if code := cli.Main(t.Context(), strings.Fields(line), app, "v1"); code != 0 || out.String() != want {
			t.Errorf("%s: exit code %d, got\n%swant\n%s", line, code, out.String(), want)
		}
	}
}

func TestProject(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	below := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(below, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, ".local", "share"), 0o750); err != nil { // of a home folder
		t.Fatal(err)
	}
	if got := region.Project(below); got != below {
		t.Errorf("without a mark: got %s", got)
	}
	if err := os.Mkdir(filepath.Join(root, "a", "stages"), 0o750); err != nil {
		t.Fatal(err)
	}
	if got := region.Project(below); got != filepath.Join(root, "a") {
		t.Errorf("with stages: got %s", got)
	}
}
