package project_test

import (
	"cmp"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rhysd/actionlint"

	"ephemr/infra/config"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/project"
	"ephemr/internal/testcase"
)

func create(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "my-platform")
	if _, err := project.Create(dir, project.Values{Name: "my-platform", Version: "v1.2.3"}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCreate(t *testing.T) {
	t.Parallel()
	dir := create(t)
	var got []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got = append(got, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		".ephemr-version", ".github/dependabot.yml", ".github/install-ephemr", ".github/workflows/check.yml", ".github/workflows/deploy.yml", ".gitignore", ".sqlfluff",
		"README.md",
		"jobs/addition/number/run.sh", "jobs/addition/sum/main.py", "pipelines/addition.yaml", "queries/tables.sql", "stages/dev.yaml", "stages/prod.yaml",
		"tests/addition/test.yaml",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if st, err := os.Stat(filepath.Join(dir, "jobs/addition/number/run.sh")); err != nil || st.Mode().Perm()&0o100 == 0 {
		t.Errorf("run.sh cannot be executed: %v, %v", st, err)
	}
	for file, text := range map[string]string{".ephemr-version": "v1.2.3\n", "README.md": "# my-platform\n"} {
		if got := read(t, filepath.Join(dir, file)); !strings.HasPrefix(got, text) || strings.Contains(got, "[[") {
			t.Errorf("%s: got %.80s", file, got)
		}
	}
}

// What is in the repository is valid: stages, tests with their pipelines, workflows.
func TestContentIsValid(t *testing.T) {
	t.Parallel()
	dir := create(t)
	stages := config.Folder(filepath.Join(dir, "stages"))
	for stage, retain := range map[string]bool{"dev": false, "prod": true, "local": false} {
		if c, err := stages.Load(stage); err != nil || c.Retain != retain {
			t.Errorf("stage %s: %v, retain %t", stage, err, c.Retain)
		}
	}
	if _, err := testcase.Load(filepath.Join(dir, "tests", "addition", testcase.FileName), dir); err != nil {
		t.Error(err)
	}
	for _, job := range []string{"number/run.sh", "sum/main.py"} {
		if read(t, filepath.Join(dir, "jobs/addition", job)) != read(t, filepath.Join("../../../jobs/addition", job)) {
			t.Errorf("%s differs from the example, which is tested on its own", job)
		}
	}
}

func TestWorkflowsAreValid(t *testing.T) {
	t.Parallel()
	dir := create(t)
	repository, err := actionlint.NewProject(dir) // with its own actions
	if err != nil {
		t.Fatal(err)
	}
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"check.yml", "deploy.yml"} {
		path := filepath.Join(dir, ".github", "workflows", file)
		faults, err := linter.Lint(path, []byte(read(t, path)), repository)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults {
			t.Error(fault)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		title string
		files []string
		want  string
	}{
		"a file":         {files: []string{"notes.txt"}, want: "is not empty: it contains notes.txt; use another folder"},
		"many files":     {files: []string{"a", "b", "c", "d", "e", "f", "g"}, want: "it contains a, b, c, d, e, 2 more; use"},
		"an odd name":    {title: "x\n# y", want: `invalid name "x\n# y": use up to 64 letters`},
		"an empty clone": {files: []string{".git"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, file := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := project.Create(dir, project.Values{Name: cmp.Or(tt.title, "x")})
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || exit.CodeOf(err) != exit.CodeUsage {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if left, _ := os.ReadDir(dir); len(left) != len(tt.files) {
				t.Errorf("files were written: %v", left)
			}
		})
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // of the test
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
