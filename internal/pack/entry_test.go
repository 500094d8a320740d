package pack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/pack"
)

func TestEntry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		typ   job.Type
		files []string
		want  string
		fault string
	}{
		{name: "usual name", typ: job.Spark, files: []string{"lib.py", "main.py"}, want: "main.py"},
		{name: "the first of the usual names", typ: job.Spark, files: []string{"app.jar", "main.py"}, want: "main.py"},
		{name: "the only one", typ: job.Hive, files: []string{"README.md", "daily.hql", "lib/x.hql"}, want: "daily.hql"},
		{name: "jar", typ: job.Jar, files: []string{"job-1.0.jar"}, want: "job-1.0.jar"},
		{name: "several", typ: job.Bash, files: []string{"a.sh", "b.sh"}, fault: "more than one possible entry: a.sh, b.sh; set \"entry\", or rename one to run.sh"},
		{name: "none", typ: job.Spark, files: []string{"README.md"}, fault: "no main.py or app.jar; add one or set \"entry\""},
		{name: "only below", typ: job.Spark, files: []string{"src/a.py", "src/b.py"}, fault: "no main.py or app.jar; add one, or set \"entry\" to one of src/a.py, src/b.py"},
		{name: "many", typ: job.Bash, files: strings.Fields("a.sh b.sh c.sh d.sh e.sh f.sh g.sh"), fault: "a.sh, b.sh, c.sh, d.sh, e.sh and 2 more"},
		{name: "quality", typ: job.Quality, files: []string{"main.py"}, fault: "quality jobs have no entry"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := pack.Entry(tt.typ, tt.files)
			if got != tt.want || (err != nil) != (tt.fault != "") {
				t.Fatalf("Entry: %q, %v; want %q", got, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("Entry: %v, want %q", err, tt.fault)
			}
		})
	}
}

func TestPackageEntry(t *testing.T) {
	t.Parallel()
	p := build(t, tree(t, map[string]string{"src/job.py": ""}))
	if got, err := p.Entry(job.Spark, "./src/job.py"); err != nil || got != "src/job.py" {
		t.Errorf("named: %q, %v", got, err)
	}
	if _, err := p.Entry(job.Spark, "job.py"); err == nil || !strings.Contains(err.Error(), "no file job.py in the package") {
		t.Errorf("missing: %v", err)
	}
	if _, err := p.Entry(job.Spark, ""); err == nil || !strings.HasPrefix(err.Error(), "find the entry of "+p.Source) {
		t.Errorf("not found: %v", err)
	}
}

// A source that is a file is the entry, whatever its name is.
func TestPackageEntryOfFile(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"nightly": "#!/bin/bash\n", "report.q": "SELECT 1;\n", "-x": "", "a#b,c": ""})
	for name, kind := range map[string]job.Type{"nightly": job.Bash, "report.q": job.Hive, "-x": job.Jar, "a#b,c": job.Spark} {
		if got, err := build(t, filepath.Join(dir, name)).Entry(kind, ""); err != nil || got != name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := build(t, filepath.Join(dir, "nightly")).Entry(job.Quality, ""); err == nil {
		t.Error("a quality job has an entry")
	}
}

// Scripts that their interpreter would misread are refused, each with its line.
func TestPackageEntryScripts(t *testing.T) {
	t.Parallel()
	p := build(t, tree(t, map[string]string{
		"run.sh": "#!/bin/bash\nset -e\r\nfalse\n", "lib/a.sh": "\ufeffset -e\n", "bin/tool*": "#!/bin/sh\r\n", "data.csv": "a\r\n", "main.sql": "SELECT 1;\r\n",
	}))
	_, err := p.Entry(job.Bash, "")
	want := "check the files of " + p.Source + ": bin/tool:1: the line ends with CR LF, as on Windows; convert the file to LF, with dos2unix for example\n" +
		"lib/a.sh:1: the file begins with a byte order mark; save it as UTF-8 without one\n" +
		"run.sh:2: the line ends with CR LF, as on Windows; convert the file to LF, with dos2unix for example"
	if err == nil || err.Error() != want {
		t.Errorf("Entry: %v, want %s", err, want)
	}
	if _, err := build(t, tree(t, map[string]string{"main.sql": "SELECT 1;\r\n"})).Entry(job.Hive, ""); err == nil || !strings.Contains(err.Error(), "main.sql:1: ") {
		t.Errorf("SQL: %v", err)
	}
}

func ExampleBuild() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // an example
	if err := os.WriteFile(filepath.Join(dir, "main.py"), []byte("print('hello')\n"), 0o600); err != nil {
		panic(err)
	}

	p, err := pack.Build(dir, pack.Options{})
	if err != nil {
		panic(err)
	}
	entry, err := p.Entry(job.Spark, "")
	if err != nil {
		panic(err)
	}
	fmt.Println(entry, p.Files, strings.HasPrefix(p.Key(), "packages/"+p.SHA256))
	// Output: main.py [main.py] true
}

func TestPackageEntryOfDBT(t *testing.T) {
	t.Parallel()
	const project, libs = "name: shop\nprofile: shop\n", "dbt-core\ndbt-spark\n"
	for name, tt := range map[string]struct {
		files map[string]string
		entry string
		fault string
	}{
		"valid":             {map[string]string{"dbt_project.yml": project, "requirements.txt": libs}, "", ""},
		"below":             {map[string]string{"shop/dbt_project.yml": project, "shop/requirements.txt": libs}, "shop/dbt_project.yml", ""},
		"no project":        {map[string]string{"requirements.txt": libs}, "", "no dbt_project.yml"},
		"another entry":     {map[string]string{"models/a.sql": "", "requirements.txt": libs}, "models/a.sql", "the entry of a dbt job is its dbt_project.yml"},
		"no profile":        {map[string]string{"dbt_project.yml": "name: shop\n", "requirements.txt": libs}, "", "dbt_project.yml: no profile"},
		"no dbt":            {map[string]string{"dbt_project.yml": project}, "", "clusters have no dbt; add a requirements.txt"},
		"libraries astray":  {map[string]string{"a/dbt_project.yml": project, "requirements.txt": libs}, "a/dbt_project.yml", "clusters have no dbt"},
		"ready environment": {map[string]string{"dbt_project.yml": project, "venv.tar.gz": "x"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := build(t, tree(t, tt.files)).Entry(job.DBT, tt.entry)
			if tt.fault == "" && err != nil || tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
				t.Errorf("got %v, want %q", err, tt.fault)
			}
		})
	}
}
