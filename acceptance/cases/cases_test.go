// Package cases_test runs the cases of this folder: what real jobs bring, and how
// that must end. A case is a folder with a case.yaml; to add one, add a folder and a
// line to the index.
//
// Sources are packaged as ephemr packages them, and the runner executes the
// package with the programs of the laptop's region: all but the control plane.
// Requests go to a stage of the simulation.
package cases_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
)

// testCase is a case.yaml.
type testCase struct {
	About  string `yaml:"about"`
	Needs  string `yaml:"needs"`  // spark, java or pip: it takes seconds, and is left out of short tests; dbt: only make dbt runs it
	Apply  string `yaml:"apply"`  // a pipeline file, instead of a job
	Job    source `yaml:"job"`    // as ephemr submit has it
	Before string `yaml:"before"` // a script that prepares a copy of the folder
	Cancel string `yaml:"cancel"` // the job is cancelled when it has made this file in $CASE, the copy of the folder
	Want   want   `yaml:"want"`
	Runs   []struct {
		Before string            `yaml:"before"`
		Env    map[string]string `yaml:"env"`
		Want   want              `yaml:"want"`
	} `yaml:"runs"` // instead of before and want: one after the other, on the same bucket
	Requests []request `yaml:"requests"` // instead of a job
}

type source struct {
	Type   string            `yaml:"type"`
	Source string            `yaml:"source"` // default job
	Entry  string            `yaml:"entry"`
	Class  string            `yaml:"class"`
	Args   []string          `yaml:"args"`
	Vars   map[string]string `yaml:"vars"`
	Conf   map[string]string `yaml:"conf"`
	Env    map[string]string `yaml:"env"`
}

// want is how a case ends: refused before anything runs, or with this Result.
type want struct {
	Refused  string            `yaml:"refused"` // what the message contains
	Faults   []string          `yaml:"faults"`  // the same, of several
	Exit     int               `yaml:"exit"`
	Class    string            `yaml:"class"`
	Reason   string            `yaml:"reason"`   // its beginning
	Contains string            `yaml:"contains"` // a part of it
	Stdout   *string           `yaml:"stdout"`   // all of it
	Files    map[string]string `yaml:"files"`    // what the job has written to $CASE
	Outputs  map[string]string `yaml:"outputs"`
}

func TestCases(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("../../.tools/venv/bin/python"); err != nil && testing.Short() {
		t.Skip("make setup has not installed the tools yet")
	}
	files, err := filepath.Glob("*/case.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases, %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Dir(file), func(t *testing.T) {
			t.Parallel()
			var c testCase
			text, err := os.ReadFile(file) //nolint:gosec // a case
			if err == nil {
				err = yaml.UnmarshalWithOptions(text, &c, yaml.Strict())
			}
			if err != nil {
				t.Fatal(err)
			}
			skip(t, c.Needs)
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Dir(file))); err != nil {
				t.Fatal(err)
			}
			c.run(t, dir)
		})
	}
}

func (c testCase) run(t *testing.T, dir string) {
	t.Helper()
	for i, r := range c.Requests {
		t.Run(fmt.Sprintf("request %d", i+1), func(t *testing.T) { r.deliver(t, dir) })
	}
	if c.Requests != nil && c.Apply == "" {
		return
	}
	if c.Runs == nil {
		prepare(t, dir, c.Before)
		c.once(t, dir, newBench(t), c.Want)
		return
	}
	b := newBench(t)
	for _, r := range c.Runs {
		prepare(t, dir, r.Before)
		if r.Env != nil {
			c.Job.Env = r.Env
		}
		c.once(t, dir, b, r.Want)
	}
}

func prepare(t *testing.T, dir, script string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euc", script) //nolint:gosec // of a case
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("before: %v\n%s", err, out)
	}
}

// once runs the case and compares its end.
func (c testCase) once(t *testing.T, dir string, b *bench, want want) {
	t.Helper()
	if c.Apply != "" {
		err := apply(dir, c.Apply)
		for _, fault := range append(want.Faults, want.Refused) {
			if fault != "" || want.Faults == nil {
				refused(t, err, fault)
			}
		}
		return
	}
	spec, err := b.pack(dir, c.Job)
	if refused(t, err, want.Refused) {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if c.Cancel != "" {
		go await(ctx, filepath.Join(dir, c.Cancel), cancel)
	}
	res, stdout, stderr := b.execute(ctx, t, spec, dir)
	want.compare(t, res, stdout)
	for name, text := range want.Files {
		got, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // of a case
		if diff := cmp.Diff(text, string(got)); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if t.Failed() {
		t.Logf("stderr:\n%s", stderr)
	}
}

// await calls then when there is a file.
func await(ctx context.Context, file string, then func()) {
	for ctx.Err() == nil {
		if _, err := os.Stat(file); err == nil {
			then()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (want want) compare(t *testing.T, res job.Result, stdout string) {
	t.Helper()
	if want.Stdout != nil && stdout != *want.Stdout {
		t.Errorf("stdout (-want +got):\n%s", cmp.Diff(*want.Stdout, stdout))
	}
	if res.ExitCode != want.Exit || want.Class != "" && string(res.Class) != want.Class || !strings.HasPrefix(res.Reason, want.Reason) || !strings.Contains(res.Reason, want.Contains) {
		t.Errorf("exit %d, class %q, reason %q\nwant %d, %q, %q … %q", res.ExitCode, res.Class, res.Reason, want.Exit, want.Class, want.Reason, want.Contains)
	}
	if want.Outputs != nil && !cmp.Equal(want.Outputs, res.Outputs) {
		t.Errorf("outputs (-want +got):\n%s", cmp.Diff(want.Outputs, res.Outputs))
	}
}

// refused checks the message of a refusal, if there has to be one.
func refused(t *testing.T, err error, message string) bool {
	t.Helper()
	switch {
	case message == "" && err != nil:
		t.Fatalf("refused: %v", err)
	case message != "" && (err == nil || !strings.Contains(err.Error(), message)):
		t.Fatalf("refused: %v\nwant %s", err, message)
	}
	return message != ""
}

func skip(t *testing.T, needs string) {
	t.Helper()
	if needs == "" {
		return
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if needs == "dbt" && os.Getenv("EPHEMR_DBT") == "" {
		t.Skip("installs dbt; use make dbt")
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "python3", "-c", "import pip")
	if needs != "pip" {
		cmd = exec.CommandContext(t.Context(), filepath.Join(shims, "python3"), "-c", "") //nolint:gosec // of the region
	}
	if cmd.Stderr = &out; cmd.Run() != nil {
		t.Skipf("%s is not here: %s", needs, out.String())
	}
}
