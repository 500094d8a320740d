package testcase

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/rows"
	"ephemr/internal/run"
)

var (
	namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	notInName   = regexp.MustCompile(`[^a-z0-9]+`)
)

const (
	defaultTimeout = 10 * time.Minute
	longestTimeout = 6 * time.Hour
)

// check applies all rules that need no stage, and fills in defaults.
func (t *Test) check(project string) {
	t.head()
	t.readPipeline(project)
	t.input()
	t.expected()
	for i := range t.Expected.Datasets {
		at := fmt.Sprintf("expected.datasets[%d]", i)
		t.dataset(t.Expected.Datasets[i], at)
		t.Compares = append(t.Compares, t.compare(t.Expected.Datasets[i], at))
	}
}

func (t *Test) fault(path, format string, args ...any) { t.decoded.Fault(path, format, args...) }

func (t *Test) head() {
	if t.Name == "" {
		t.Name = folderName(t.Dir)
	} else if !namePattern.MatchString(t.Name) {
		t.fault("name", "invalid name %q: use up to 40 of a-z, 0-9 and -, beginning with a letter", t.Name)
	}
	if t.Date != "" {
		if _, err := run.ParseLogicalTime(t.Date); err != nil {
			t.fault("date", "%v", err)
		}
	}
	if t.Timeout == 0 {
		t.Timeout = pipeline.Duration(defaultTimeout)
	}
	if d := t.Timeout.Std(); d < time.Second || d > longestTimeout {
		t.fault("timeout", "%s is out of range; use 1s to 6h", d)
	}
}

// folderName is a name for a test of a folder.
func folderName(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(filepath.Base(dir)), "-"), "-")
	if name == "" || name[0] < 'a' {
		name = "test-" + name
	}
	return strings.Trim(name[:min(len(name), 40)], "-")
}

// readPipeline reads the file of the pipeline, and checks what the test says of it.
func (t *Test) readPipeline(project string) {
	if t.Pipeline == "" {
		t.fault("pipeline", `no pipeline; add "pipeline: <file>", relative to the project`)
		return
	}
	file := filepath.Join(project, filepath.FromSlash(t.Pipeline))
	data, err := os.ReadFile(file) //nolint:gosec // the file that the test names
	if err != nil {
		t.fault("pipeline", "%v; files of pipelines are relative to the project, -p", err)
		return
	}
	spec, err := pipeline.Parse(file, data)
	if err != nil {
		for _, e := range pipeline.Errors(err) {
			t.fault("pipeline", "%v", e)
		}
		return
	}
	t.Spec = &spec
	t.params()
	t.jobs()
	t.secrets()
}

func (t *Test) params() {
	for _, name := range slices.Sorted(maps.Keys(t.Params)) {
		if _, ok := t.Spec.Params[name]; !ok {
			t.fault("params."+name, "pipeline %s has no such param", t.Spec.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Spec.Matrix)) {
		value, ok := t.Params[name]
		switch {
		case !ok:
			t.fault("params", "the matrix of pipeline %s has the param %s, and a test is one run; choose one of %q", t.Spec.Name, name, t.Spec.Matrix[name])
		case !slices.Contains(t.Spec.Matrix[name], value):
			t.fault("params."+name, "%q is not in the matrix of pipeline %s; choose one of %q", value, t.Spec.Name, t.Spec.Matrix[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Spec.Params)) {
		_, given := t.Params[name]
		if p := t.Spec.Params[name]; !given && p.Default == nil {
			t.fault("params", "param %s of pipeline %s has no default; give it a value", name, t.Spec.Name)
		}
	}
}

var jobStates = []string{"SUCCEEDED", "FAILED", "SKIPPED", "CANCELLED"}

func (t *Test) jobs() {
	known := []string{}
	for _, j := range t.Spec.AllJobs() {
		known = append(known, j.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Expected.Jobs)) {
		at := "expected.jobs." + name
		if !slices.Contains(known, name) {
			t.fault(at, "pipeline %s has no such job; it has %s", t.Spec.Name, strings.Join(known, ", "))
		}
		if s := t.Expected.Jobs[name].State; s != "" && !slices.Contains(jobStates, s) {
			t.fault(at+".state", "unknown state %q; use one of %s", s, strings.Join(jobStates, ", "))
		}
	}
}

func (t *Test) secrets() {
	for _, name := range slices.Sorted(maps.Keys(t.Secrets)) {
		used := slices.ContainsFunc(t.Spec.Jobs, func(j pipeline.Job) bool { _, ok := j.Secrets[name]; return ok })
		if !used {
			t.fault("secrets."+name, "no job of pipeline %s has the variable %s among its secrets", t.Spec.Name, name)
		}
		if len(t.Secrets[name]) < 4 {
			t.fault("secrets."+name, "a secret has at least 4 characters")
		}
	}
}

func (t *Test) input() {
	for _, target := range slices.Sorted(maps.Keys(t.Input)) {
		at := fmt.Sprintf("input[%q]", target)
		t.address(at, target)
		source := t.Input[target]
		if !filepath.IsLocal(filepath.FromSlash(source)) {
			t.fault(at, "%q is not below the folder of the test", source)
			continue
		}
		info, err := os.Stat(filepath.Join(t.Dir, filepath.FromSlash(source)))
		switch {
		case err != nil:
			t.fault(at, "%v", err)
		case info.IsDir() && !strings.HasSuffix(target, "/"):
			t.fault(at, "%s is a folder; write %s/ for its place", source, target)
		}
	}
	if t.Object != "" {
		t.address("object", t.Object)
	}
}

// address checks the form of zone/key.
func (t *Test) address(at, text string) {
	zone, key, _ := strings.Cut(text, "/")
	switch {
	case strings.Contains(text, "://"), zone == "", key == "" && at == "object":
		t.fault(at, "invalid place %q; write zone/key, as raw/flights/2026-01.csv", text)
	case strings.Contains("/"+text+"/", "/../"), strings.Contains("/"+text+"/", "/./"), strings.Contains(text, "//"):
		t.fault(at, "invalid place %q; leave out . and .. and empty parts", text)
	}
}

var outcomes = []string{string(run.Succeeded), string(run.Failed), string(run.Rejected)}

func (t *Test) expected() {
	e := &t.Expected
	if e.Outcome == "" {
		e.Outcome = string(run.Succeeded)
	}
	if !slices.Contains(outcomes, e.Outcome) {
		t.fault("expected.outcome", "unknown outcome %q; use one of %s", e.Outcome, strings.Join(outcomes, ", "))
	}
	if e.Outcome == string(run.Succeeded) && e.Class+e.Reason != "" {
		t.fault("expected", "class and reason are those of a failure; add outcome: FAILED")
	}
	if e.Class != "" && !slices.Contains(job.Classes, job.Class(e.Class)) {
		t.fault("expected.class", "unknown class %q; docs/errors.md lists them", e.Class)
	}
}

func (t *Test) dataset(d Dataset, at string) {
	if d.Dataset == "" {
		t.fault(at, "no dataset; write dataset: zone/prefix/")
	} else {
		t.address(at+".dataset", d.Dataset)
	}
	switch {
	case d.Rows == "" && d.Count == nil:
		t.fault(at, "nothing is expected; add rows: <file> or count: <number of rows>")
	case d.Rows == "" && (len(d.Key)+len(d.Columns)+len(d.Ignore)+len(d.Tolerance) > 0 || d.Ordered):
		t.fault(at, "key, columns, ignore, ordered and tolerance need rows: <file>")
	}
	if d.Count != nil && *d.Count < 0 {
		t.fault(at+".count", "%d is negative", *d.Count)
	}
	if d.Ordered && len(d.Key) > 0 {
		t.fault(at+".key", "ordered rows are compared by their place; remove key or ordered")
	}
}

// compare reads the expected rows of a dataset, and how they are compared.
func (t *Test) compare(d Dataset, at string) Compare {
	c := Compare{Options: rows.Options{Key: d.Key, Columns: d.Columns, Ignore: d.Ignore, Ordered: d.Ordered}}
	if d.Tolerance != "" {
		f, err := strconv.ParseFloat(d.Tolerance, 64)
		if err != nil || !(f >= 0) || math.IsInf(f, 0) {
			t.fault(at+".tolerance", "%q is not a number of at least 0", d.Tolerance)
		}
		c.Options.Tolerance = f
	}
	if d.Rows != "" {
		c.Want = t.rows(d, at+".rows")
	}
	return c
}

func (t *Test) rows(d Dataset, at string) *rows.Table {
	if !filepath.IsLocal(filepath.FromSlash(d.Rows)) {
		t.fault(at, "%q is not below the folder of the test", d.Rows)
		return nil
	}
	data, err := os.ReadFile(filepath.Join(t.Dir, filepath.FromSlash(d.Rows)))
	if err != nil {
		t.fault(at, "%v", err)
		return nil
	}
	want := &rows.Table{}
	if err := want.Add(d.Rows, data, nil); err != nil {
		t.fault(at, "%v", err)
		return nil
	}
	for _, name := range slices.Concat(d.Key, d.Columns) {
		if !slices.Contains(want.Columns, name) && len(want.Columns) > 0 {
			t.fault(at, "%s has no column %s; it has %s", d.Rows, name, strings.Join(want.Columns, ", "))
		}
	}
	return want
}

// CheckZones checks the zones that the test uses against those of a stage.
func (t *Test) CheckZones(zones []string) error {
	check := func(at, text string) {
		zone, _, _ := strings.Cut(text, "/")
		if !slices.Contains(zones, zone) {
			t.fault(at, "the lake has no zone %q; use one of %s", zone, strings.Join(zones, ", "))
		}
	}
	for _, target := range slices.Sorted(maps.Keys(t.Input)) {
		check(fmt.Sprintf("input[%q]", target), target)
	}
	if t.Object != "" {
		check("object", t.Object)
	}
	for i, d := range t.Expected.Datasets {
		check(fmt.Sprintf("expected.datasets[%d].dataset", i), d.Dataset)
	}
	return t.decoded.Err()
}
