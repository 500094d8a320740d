package control_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/control"
	"ephemr/statemachines"
)

// Every folder below functions/ is a function, and every function has one. That
// the CDK app deploys exactly these is shown in infra/stacks.
func TestFolders(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	var folders, functions []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	for _, f := range control.Functions() {
		functions = append(functions, f.Folder())
	}
	if diff := cmp.Diff(folders, functions); diff != "" {
		t.Errorf("functions (-folders +control.Functions):\n%s", diff)
	}
}

// A main serves the handler that its folder is named after.
func TestMains(t *testing.T) {
	t.Parallel()
	method := regexp.MustCompile(`\.(\w+)\(\)\) }\n$`)
	for _, f := range control.Functions() {
		main, err := os.ReadFile("../../functions/" + f.Folder() + "/main.go")
		if err != nil {
			t.Fatal(err)
		}
		m := method.FindSubmatch(main)
		if m == nil || string(m[1]) != f.Name {
			t.Errorf("functions/%s serves %s, want %s", f.Folder(), m, f.Name)
		}
	}
}

// Every placeholder of the state machine is a function.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	var known []string
	for _, f := range control.Functions() {
		known = append(known, f.Placeholder())
	}
	found := regexp.MustCompile(`\$\{(\w+)\}`).FindAllStringSubmatch(statemachines.Run, -1)
	if len(found) == 0 {
		t.Error("run.asl.json has no placeholders")
	}
	for _, m := range found {
		if !slices.Contains(known, m[1]) {
			t.Errorf("run.asl.json invokes ${%s}, which is no function", m[1])
		}
	}
}
