package cases_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// index lists every case with the test that holds it: "" = TestCases, with the
// folder of that name; otherwise a file and a test in it.
var index = map[string][2]string{
	"background-killed":        {},
	"bom-script":               {},
	"crlf-script":              {},
	"crlf-script-applied":      {},
	"crlf-sql":                 {},
	"cron":                     {},
	"daemon-survives":          {"cmd/runner/main_test.go", "TestDaemonsEndWithTheJob"},
	"date-layout":              {},
	"dbt":                      {},
	"editable-requirement":     {},
	"empty-directories":        {},
	"entry-names":              {},
	"grace-child":              {},
	"grace-redirect":           {},
	"grace-spark":              {},
	"ignore-starstar":          {},
	"jar-class":                {},
	"late-template-error":      {},
	"locale-spark":             {"acceptance/cases/spark-names/case.yaml", "São Paulo"},
	"null-param":               {},
	"outputs-heredoc":          {},
	"outputs-multiline":        {},
	"progress":                 {"internal/cli/live_test.go", "TestLogsOfUnfinishedLinesOnATerminal"},
	"python-buffering":         {},
	"request-variants":         {},
	"self-exec":                {},
	"shebang-env":              {},
	"shebang-flags":            {},
	"single-file":              {},
	"spark-cause-hidden":       {},
	"spark-name-comma":         {"acceptance/cases/spark-names/case.yaml", "old, unused.py"},
	"spark-name-hash":          {"acceptance/cases/spark-names/case.yaml", "rates#2.py"},
	"spark-names":              {},
	"spark-package-data":       {},
	"spark-pyfiles-twice":      {"acceptance/cases/spark-names/case.yaml", "spark.submit.pyFiles"},
	"stale-libraries":          {},
	"template-taken-literally": {},
	"venv-top-dir":             {},
}

func TestIndex(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/case.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var folders, listed []string
	for _, file := range files {
		folders = append(folders, filepath.Dir(file))
	}
	for _, name := range slices.Sorted(maps.Keys(index)) {
		file, test := index[name][0], index[name][1]
		if file == "" {
			listed = append(listed, name)
			continue
		}
		text, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(file)))
		if err != nil || !regexp.MustCompile(`\b`+regexp.QuoteMeta(test)+`\b`).Match(text) {
			t.Errorf("%s: no %s in %s: %v", name, test, file, err)
		}
	}
	if diff := cmp.Diff(folders, listed); diff != "" {
		t.Errorf("folders and index (-folders +index):\n%s", diff)
	}
}
