package stacks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/golden"
)

// whole is the stage whose templates are kept as a whole.
const whole = "prod"

// Golden files show in a review what a change deploys: the templates of prod as a whole, those of other stages as
// differences from prod, and those of strict, a variant of dev, as differences from dev. Of exact, a variant of local,
// the policies of functions are kept: the acceptance tests compare them with the functions' calls.
func TestGolden(t *testing.T) {
	t.Parallel()
	if len(stages) == 0 {
		t.Skip("no templates in short mode")
	}
	files := map[string]string{}
	for stack, template := range stages[whole].templates {
		text, err := golden.YAML(template.golden)
		if err != nil {
			t.Fatal(err)
		}
		files[whole+"-"+stack+".golden.yaml"] = text
	}
	for name := range stages {
		if file, text := goldenOf(t, name); file != "" {
			files[file] = text
		}
	}
	for file, text := range files {
		keep(t, filepath.Join("testdata", file), text)
	}
	kept, err := filepath.Glob("testdata/*.golden.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range kept {
		if _, ok := files[filepath.Base(file)]; !ok {
			t.Errorf("%s belongs to no stage or stack", file)
		}
	}
}

// goldenOf is the file of a stage that is not kept as a whole.
func goldenOf(t *testing.T, name string) (file, text string) {
	t.Helper()
	switch name {
	case whole:
		return "", ""
	case exact:
		return rights, functionPolicies(t, stages[name])
	case strict:
		return name + ".golden.txt", difference(t, stages["dev"], stages[name])
	}
	return name + ".golden.txt", difference(t, stages[whole], stages[name])
}

// rights is the file with the policies of functions.
const rights = "rights.golden.json"

// functionPolicies are the policies of all functions as deployed, with a statement
// per line.
func functionPolicies(t *testing.T, s *stage) string {
	t.Helper()
	policies := s.policies(t)
	var functions []string
	for _, folder := range folders() {
		name := s.config.Name(folder)
		var lines []string
		for _, statement := range policies[name].Statement {
			line, err := json.Marshal(statement)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, "    "+string(line))
		}
		functions = append(functions, fmt.Sprintf("  %q: {\"Statement\": [\n%s\n  ]}", name, strings.Join(lines, ",\n")))
	}
	return "{\n" + strings.Join(functions, ",\n") + "\n}\n"
}

// difference lists the differences of stage to from stage from, stack by stack.
func difference(t *testing.T, from, to *stage) string {
	t.Helper()
	text := "Stage " + to.config.Stage + ": its differences from " + from.config.Stage + "\n"
	names := slices.AppendSeq(slices.Collect(maps.Keys(from.templates)), maps.Keys(to.templates))
	slices.Sort(names)
	for _, stack := range slices.Compact(names) {
		changes, err := golden.Difference(from.templates[stack].golden, to.templates[stack].golden)
		if err != nil {
			t.Fatal(err)
		}
		if changes == "" {
			changes = "none\n"
		}
		text += "\nStack " + stack + "\n" + changes
	}
	return text
}

func keep(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path) //nolint:gosec // of this package
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs; run go test ./infra/stacks -update and review the diff (-want +got):\n%s", path, diff)
	}
}
