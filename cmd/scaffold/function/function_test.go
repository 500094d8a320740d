package function_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ephemr/cmd/scaffold/function"
)

const (
	definitions = `package config

var functions = []Function{
	{Name: "Intake", Timeout: 15 * time.Second, MemoryMiB: memory}, // for a batch of ten messages
	{Name: "Admit", Timeout: 45 * time.Second, MemoryMiB: memory},
}
`
	wirings = `package control

func Functions() []Function {
	return []Function{
		{"Admit", wrap((*Wiring).Admit)},
		{"Intake", wrap((*Wiring).Intake)},
	}
}
`
)

func tree(files map[string]string) fstest.MapFS {
	root := fstest.MapFS{
		"infra/config/functions.go": {Data: []byte(definitions)},
		"internal/control/list.go":  {Data: []byte(wirings)},
	}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

// The lists get one more line, in order if they are sorted.
func TestPlanEntersLists(t *testing.T) {
	t.Parallel()
	changes, err := function.Plan(tree(nil), function.Options{Name: "Archive"})
	if err != nil {
		t.Fatal(err)
	}
	admit := "\t{Name: \"Admit\", Timeout: 45 * time.Second, MemoryMiB: memory},\n"
	want := map[string]string{
		"infra/config/functions.go": strings.Replace(definitions, admit, admit+strings.NewReplacer("Admit", "Archive", "45", "30").Replace(admit), 1),
		"internal/control/list.go":  strings.Replace(wirings, "\t\t{\"Intake\"", "\t\t{\"Archive\", wrap((*Wiring).Archive)},\n\t\t{\"Intake\"", 1),
	}
	for file, text := range want {
		if diff := cmp.Diff(text, string(changes[file])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	wantPaths := []string{
		"functions/archive/main.go", "infra/config/functions.go", "internal/archive/archive.go", "internal/archive/archive_test.go",
		"internal/control/archive.go", "internal/control/list.go",
	}
	if diff := cmp.Diff(wantPaths, changes.Paths()); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestPlanRejects(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options function.Options
		files   map[string]string
		want    string
	}{
		"a name in lower case":   {options: function.Options{Name: "archive"}, want: `invalid name "archive"`},
		"a path as a name":       {options: function.Options{Name: "A/../B"}, want: "invalid name"},
		"a package outside":      {options: function.Options{Name: "Archive", Package: "infra/x"}, want: `invalid package "infra/x"`},
		"a function that exists": {options: function.Options{Name: "Admit"}, want: "it is in the list already"},
		"a file that exists":     {options: function.Options{Name: "Archive"}, files: map[string]string{"functions/archive/main.go": "package main"}, want: "functions/archive/main.go exists already"},
		"a list that is no list": {options: function.Options{Name: "Archive"}, files: map[string]string{"infra/config/functions.go": "package config"}, want: "no list of functions"},
		"a list that is no Go":   {options: function.Options{Name: "Archive"}, files: map[string]string{"infra/config/functions.go": "{"}, want: "parse"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, err := function.Plan(tree(tt.files), tt.options)
			if err == nil || !strings.Contains(err.Error(), tt.want) || changes != nil {
				t.Errorf("Plan = %v, %v, want an error with %q", changes.Paths(), err, tt.want)
			}
		})
	}
}

// What it writes into this repository compiles, and its test passes.
func TestResultCompiles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles the control plane")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]function.Options{
		"in a package of its own": {Name: "ScaffoldedArchive", Summary: "deletes old archives"},
		"beside others":           {Name: "ScaffoldedArchive", Package: "internal/outcome"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, err := function.Plan(os.DirFS(root), o)
			if err != nil {
				t.Fatal(err)
			}
			overlay := overlay(t, root, changes)
			handler := o.Package
			if handler == "" {
				handler = "internal/scaffoldedarchive"
			}
			bin := t.TempDir()
			run(t, root, "go", "build", "-overlay", overlay, "-o", filepath.Join(bin, "bootstrap"), "./functions/scaffoldedarchive")
			run(t, root, "go", "build", "-overlay", overlay, "./internal/control", "./infra/config")
			program := filepath.Join(bin, "handler.test")
			run(t, root, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, "./"+handler)
			out := run(t, t.TempDir(), program, "-test.v", "-test.run", "^TestScaffoldedArchive$")
			if !strings.Contains(out, "--- PASS: TestScaffoldedArchive/a_run") {
				t.Errorf("the handler's test has not run:\n%s", out)
			}
		})
	}
}

// overlay lets the go command see the changes without writing them into the
// repository.
func overlay(t *testing.T, root string, changes function.Changes) string {
	t.Helper()
	dir := t.TempDir()
	if err := changes.Write(dir); err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for _, file := range changes.Paths() {
		replace[filepath.Join(root, file)] = filepath.Join(dir, file)
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...) //nolint:gosec // the go command and what it built
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}
