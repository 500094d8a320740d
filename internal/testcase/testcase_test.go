package testcase_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/testcase"
)

const flights = `pipeline: flights
params: {country: {}, day: {default: "1"}}
matrix: {country: [pt, es]}
cluster: {profile: small}
jobs:
  - {name: clean, type: bash, source: jobs/clean, secrets: {PGPASSWORD: stores/password}}
checks: [{dataset: "{{.Lake.curated}}/flights/", rows: "> 0", unique: [a]}]
`

// project writes files into a folder, and returns it.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, text string) (*testcase.Test, string) {
	t.Helper()
	dir := project(t, map[string]string{
		"flights.yaml": flights, "broken.yaml": "pipeline: B\njobs: []\n", "tests/One Case/test.yaml": text,
		"tests/One Case/in/a.csv": "a\n1\n", "tests/One Case/want.csv": "a,b\n1,x\n", "tests/One Case/bad.csv": "a,a\n",
	})
	test, err := testcase.Load(filepath.Join(dir, "tests", "One Case", "test.yaml"), dir)
	if err == nil {
		return test, ""
	}
	return test, strings.ReplaceAll(err.Error(), dir+"/", "")
}

func TestLoad(t *testing.T) {
	t.Parallel()
	test, errs := load(t, `pipeline: flights.yaml
params: {country: pt}
date: 2026-11-01
object: raw/in/a.csv
input: {raw/in/: in}
secrets: {PGPASSWORD: swordfish}
expected:
  jobs: {clean: {outputs: {rows: 5}}, checks: {state: SUCCEEDED}}
  datasets:
    - {dataset: curated/flights/, rows: want.csv, count: 1, key: [a], tolerance: 0.5}
`)
	if errs != "" {
		t.Fatal(errs)
	}
	if test.Name != "one-case" || test.Expected.Outcome != "SUCCEEDED" || test.Expected.Jobs["clean"].Outputs["rows"] != "5" || *test.Expected.Datasets[0].Count != 1 {
		t.Errorf("got %+v", test.Definition)
	}
	if c := test.Compares[0]; len(c.Want.Rows) != 1 || c.Options.Tolerance != 0.5 {
		t.Errorf("got %+v", c)
	}
	if err := test.CheckZones([]string{"raw", "archive"}); err == nil || !strings.Contains(err.Error(), `test.yaml:10:17: expected.datasets[0].dataset: the lake has no zone "curated"; use one of raw, archive`) {
		t.Errorf("zones: %v", err)
	}
}

// All faults of a file are reported at once, with their place.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"many": {
			`name: A b
pipeline: flights.yaml
colour: red
date: yesterday
params: {contry: pt}
input: {raw/../x: in, "s3://raw/y/": in, raw/z: nothing, raw/up/: ../in, raw/folder: in}
secrets: {OTHER: x}
timeout: 7h
expected:
  outcome: DONE
  class: cosmic
  jobs: {clear: {state: OK}}
  datasets:
    - {rows: bad.csv}
    - {dataset: curated/x/}
    - {dataset: curated/x/, count: -1, key: [a]}
    - {dataset: curated/x/, rows: want.csv, key: [c], ordered: true, tolerance: -1}
    - {dataset: curated/x/, rows: ../want.csv}
    - {dataset: curated/x/, rows: gone.csv}
`,
			`1:7: name: invalid name "A b": use up to 40 of a-z, 0-9 and -, beginning with a letter
3:1: colour: unknown key; use one of name, description, pipeline, user, date, params, object, input, secrets, timeout, expected
4:7: date: invalid date or time "yesterday" (examples: 2006-01-02, 2006-01-02T15:04:05Z)
5:9: params: the matrix of pipeline flights has the param country, and a test is one run; choose one of ["pt" "es"]
5:9: params: param country of pipeline flights has no default; give it a value
5:18: params.contry: pipeline flights has no such param
6:19: input["raw/../x"]: invalid place "raw/../x"; leave out . and .. and empty parts
6:19: input["raw/../x"]: in is a folder; write raw/../x/ for its place
6:38: input["s3://raw/y/"]: invalid place "s3://raw/y/"; write zone/key, as raw/flights/2026-01.csv
6:49: input["raw/z"]: stat tests/One Case/nothing: no such file or directory
6:67: input["raw/up/"]: "../in" is not below the folder of the test
6:86: input["raw/folder"]: in is a folder; write raw/folder/ for its place
7:18: secrets.OTHER: no job of pipeline flights has the variable OTHER among its secrets
7:18: secrets.OTHER: a secret has at least 4 characters
8:10: timeout: 7h0m0s is out of range; use 1s to 6h
10:12: expected.outcome: unknown outcome "DONE"; use one of SUCCEEDED, FAILED, REJECTED
11:10: expected.class: unknown class "cosmic"; docs/errors.md lists them
12:17: expected.jobs.clear: pipeline flights has no such job; it has clean, checks
12:25: expected.jobs.clear.state: unknown state "OK"; use one of SUCCEEDED, FAILED, SKIPPED, CANCELLED
14:7: expected.datasets[0]: no dataset; write dataset: zone/prefix/
14:14: expected.datasets[0].rows: bad.csv: column "a" twice
15:7: expected.datasets[1]: nothing is expected; add rows: <file> or count: <number of rows>
16:7: expected.datasets[2]: key, columns, ignore, ordered and tolerance need rows: <file>
16:36: expected.datasets[2].count: -1 is negative
17:35: expected.datasets[3].rows: want.csv has no column c; it has a, b
17:50: expected.datasets[3].key: ordered rows are compared by their place; remove key or ordered
17:81: expected.datasets[3].tolerance: "-1" is not a number of at least 0
18:35: expected.datasets[4].rows: "../want.csv" is not below the folder of the test
19:35: expected.datasets[5].rows: open tests/One Case/gone.csv: no such file or directory`,
		},
		"no pipeline":        {"expected: {}\n", `1:1: pipeline: no pipeline; add "pipeline: <file>", relative to the project`},
		"pipeline not there": {"pipeline: gone.yaml\n", "1:11: pipeline: open gone.yaml: no such file or directory; files of pipelines are relative to the project, -p"},
		"a broken pipeline": {"pipeline: broken.yaml\n", `1:11: pipeline: broken.yaml:1:1: cluster.profile: the cluster has no profile; add "cluster: {profile: <name>}"
1:11: pipeline: broken.yaml:1:11: pipeline: invalid name "B": use up to 40 of a-z, 0-9 and -, beginning with a letter
1:11: pipeline: broken.yaml:2:7: jobs: the pipeline has no jobs; add at least one`},
		"class of a success": {"pipeline: flights.yaml\nparams: {country: pt}\nexpected: {class: data}\n", "3:11: expected: class and reason are those of a failure; add outcome: FAILED"},
		"no YAML":            {"pipeline: [\n", "1:11: not valid YAML"},
		"empty":              {"", `1:1: empty; start with "pipeline: <name>"`},
		"wrong types":        {"pipeline: {}\n", "1:11: pipeline: expected a string, found a table"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got := load(t, tt.text)
			got = strings.ReplaceAll(got, "tests/One Case/test.yaml:", "")
			if strings.Count(tt.want, "\n") == 0 && strings.HasPrefix(got, tt.want) {
				return
			}
			if diff := cmp.Diff(strings.Split(tt.want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"b/test.yaml": "", "a/c/test.yaml": "", "a/other.yaml": "", "none/x": "", ".git/test.yaml": ""})
	got, err := testcase.Find([]string{dir, filepath.Join(dir, "a")})
	if diff := cmp.Diff([]string{filepath.Join(dir, "a", "c", "test.yaml"), filepath.Join(dir, "b", "test.yaml")}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	_, err = testcase.Find([]string{filepath.Join(dir, "none"), filepath.Join(dir, "gone")})
	if err == nil || !strings.Contains(err.Error(), "contains no test.yaml") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}
