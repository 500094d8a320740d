package records_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const page = "../../docs/architecture.md"

// TestBuildersAreDocumented holds docs/architecture.md to this package: it names
// every function that builds a key, a partition or an order.
func TestBuildersAreDocumented(t *testing.T) {
	t.Parallel()
	text := read(t, page)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !strings.HasSuffix(fn.Name.Name, "Key") {
				continue
			}
			n++
			if !strings.Contains(text, "`records."+fn.Name.Name+"`") {
				t.Errorf("%s does not name records.%s", page, fn.Name.Name)
			}
			if !strings.Contains(strings.ReplaceAll(fn.Doc.Text(), "\n", " "), "ritten ") {
				t.Errorf("the comment of %s does not say who writes the item", fn.Name.Name)
			}
		}
	}
	if n < 18 {
		t.Errorf("found only %d builders", n)
	}
	for _, name := range []string{"QueuePartition", "QueueOrder", "TimeOrder", "Waiting", "Unannounced"} {
		if !strings.Contains(text, "records."+name) {
			t.Errorf("%s does not name records.%s", page, name)
		}
	}
}

var named = regexp.MustCompile("`(Test\\w+)`")

// TestTimingTestsExist holds the table of timing invariants to the tests.
func TestTimingTestsExist(t *testing.T) {
	t.Parallel()
	_, table, found := strings.Cut(read(t, page), "## Timing invariants")
	if !found {
		t.Fatalf("%s has no timing invariants", page)
	}
	tests := map[string]bool{}
	for _, dir := range []string{"../../infra", "../../internal", "../../statemachines"} {
		err := filepath.WalkDir(dir, func(file string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, "_test.go") {
				return err
			}
			for _, line := range strings.Split(read(t, file), "\n") {
				if name, ok := strings.CutPrefix(line, "func Test"); ok {
					name, _, _ = strings.Cut(name, "(")
					tests["Test"+name] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rows := 0
	for _, line := range strings.Split(table, "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "| invariant") {
			continue
		}
		rows++
		names := named.FindAllStringSubmatch(line, -1)
		if len(names) == 0 {
			t.Errorf("no test holds %q", line)
		}
		for _, m := range names {
			if !tests[m[1]] {
				t.Errorf("there is no %s", m[1])
			}
		}
	}
	if rows < 12 {
		t.Errorf("found only %d invariants", rows)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file) //nolint:gosec // of this checkout
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
