package records_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const page = "../../docs/architecture.md"

// builders are the functions of this package that build a key, with their comments.
func builders(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasSuffix(fn.Name.Name, "Key") {
				found[fn.Name.Name] = strings.ReplaceAll(fn.Doc.Text(), "\n", " ")
			}
		}
	}
	if len(found) < 18 {
		t.Fatalf("found only %d builders", len(found))
	}
	return found
}

// TestBuildersAreDocumented holds docs/architecture.md to this package: it names
// every function that builds a key, and the partitions and orders of the indexes.
func TestBuildersAreDocumented(t *testing.T) {
	t.Parallel()
	text := read(t, page)
	for name, comment := range builders(t) {
		if !strings.Contains(text, "`records."+name+"`") {
			t.Errorf("%s does not name records.%s", page, name)
		}
		if !strings.Contains(comment, "ritten ") {
			t.Errorf("the comment of %s does not say who writes the item", name)
		}
	}
	for _, name := range []string{"QueuePartition", "QueueOrder", "TimeOrder", "Waiting", "Unannounced"} {
		if !strings.Contains(text, "records."+name) {
			t.Errorf("%s does not name records.%s", page, name)
		}
	}
}

var (
	declared = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	named    = regexp.MustCompile("`(Test\\w+)`")
)

// testNames are the names of all tests below some folders.
func testNames(t *testing.T, dirs ...string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(file string, _ os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(file, "_test.go") {
				for _, m := range declared.FindAllStringSubmatch(read(t, file), -1) {
					names[m[1]] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// TestTimingTestsExist holds the table of timing invariants to the tests: each row
// names at least one that exists.
func TestTimingTestsExist(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(read(t, page), "## Timing invariants")
	lines := strings.Split(section, "\n")
	first := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "|--") })
	rows := slices.DeleteFunc(lines[first+1:], func(line string) bool { return !strings.HasPrefix(line, "|") })
	if first < 0 || len(rows) < 12 {
		t.Fatalf("%s has %d timing invariants", page, len(rows))
	}
	tests := testNames(t, "../../infra", "../../internal", "../../statemachines")
	for _, row := range rows {
		names := named.FindAllStringSubmatch(row, -1)
		if len(names) == 0 {
			t.Errorf("no test holds %q", row)
		}
		for _, m := range names {
			if !tests[m[1]] {
				t.Errorf("there is no test %s", m[1])
			}
		}
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
