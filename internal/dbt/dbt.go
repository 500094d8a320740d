// Package dbt runs dbt projects in a Spark driver, and reads what dbt says of models and
// tests.
package dbt

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/goccy/go-yaml"

	"ephemr/internal/job"
)

// driver is the program that spark-submit runs: dbt finds Spark in its own process, as
// dbt-spark's method "session" expects.
//
//go:embed driver.py
var driver []byte

// schema is the variable that names the database of models, and its default.
const (
	schema        = "schema"
	defaultSchema = "default"

	threads = 4 // models at a time: Spark runs their stages side by side
)

// ProjectFile is the file that makes a folder a project of dbt.
const ProjectFile = "dbt_project.yml"

var (
	profileName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,99}$`)
	schemaName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
)

// Project is what is read of a dbt_project.yml.
type Project struct {
	Name    string `yaml:"name"`
	Profile string `yaml:"profile"`
}

// ParseProject reads a dbt_project.yml.
func ParseProject(data []byte) (Project, error) {
	var p Project
	if err := yaml.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("not valid YAML: %s", yaml.FormatError(err, false, false))
	}
	switch {
	case p.Name == "":
		return p, errors.New(`no name; add "name: <project>"`)
	case p.Profile == "":
		return p, errors.New(`no profile; add "profile: <name>", for which the runner makes a profiles.yml`)
	case !profileName.MatchString(p.Profile):
		return p, fmt.Errorf("invalid profile %q: use letters, digits, _ and -", p.Profile)
	}
	return p, nil
}

// ExitInvalid is the exit code of dbt for a project that it cannot parse or compile.
const ExitInvalid = 2

// Run is an execution of dbt build: where its files are.
type Run struct{ dir string }

// At is the execution that Prepare has made in dir.
func At(dir string) Run { return Run{dir} }

// Prepare makes a folder dir with the driver and a profiles.yml, which contains no secrets,
// for the project in files.
func Prepare(dir, files string, s job.Spec) (Run, error) {
	data, err := os.ReadFile(filepath.Join(files, filepath.Dir(s.Entry), ProjectFile)) //nolint:gosec // of the package
	if err != nil {
		return Run{}, fmt.Errorf("read the project of dbt: %w", err)
	}
	p, err := ParseProject(data)
	if err != nil {
		return Run{}, fmt.Errorf("%s: %w", ProjectFile, err)
	}
	in := defaultSchema
	if given := s.Vars[schema]; given != "" {
		in = given
	}
	if !schemaName.MatchString(in) {
		return Run{}, fmt.Errorf("invalid schema %q in vars: use letters, digits and _", in)
	}
	profiles, err := yaml.Marshal(map[string]any{p.Profile: map[string]any{
		"target":  "ephemr",
		"outputs": map[string]any{"ephemr": map[string]any{"type": "spark", "method": "session", "host": "NA", "schema": in, "threads": threads}},
	}})
	if err != nil {
		return Run{}, fmt.Errorf("encode profiles.yml: %w", err)
	}
	r := Run{dir}
	return r, errors.Join(
		os.Mkdir(dir, 0o700), os.WriteFile(r.Driver(), driver, 0o600), os.WriteFile(filepath.Join(dir, "profiles.yml"), profiles, 0o600),
	)
}

// Driver is the program for spark-submit.
func (r Run) Driver() string { return filepath.Join(r.dir, "ephemr_dbt.py") }

// Args are the arguments of the program: dbt's, then those of the job.
func (r Run) Args(s job.Spec) ([]string, error) {
	vars, err := json.Marshal(s.Vars)
	if err != nil {
		return nil, fmt.Errorf("encode vars: %w", err)
	}
	args := []string{
		"--no-use-colors", "--no-send-anonymous-usage-stats", "build", "--project-dir", filepath.Dir(s.Entry), "--profiles-dir", r.dir,
		"--target-path", filepath.Join(r.dir, "target"), "--log-path", filepath.Join(r.dir, "logs"),
	}
	if len(s.Vars) > 0 {
		args = append(args, "--vars", string(vars))
	}
	return append(args, s.Args...), nil
}

// Results reads what dbt has recorded; nil if it did not get that far.
func (r Run) Results() (*Report, error) {
	data, err := os.ReadFile(filepath.Join(r.dir, "target", "run_results.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // there are none
	}
	if err != nil {
		return nil, fmt.Errorf("read the results of dbt: %w", err)
	}
	report, err := Read(data)
	if err != nil {
		return nil, err
	}
	if project, err := os.ReadFile(filepath.Join(r.dir, "target", "manifest.json")); err == nil {
		report.Tables, _ = Tables(data, project) // they are for lineage only
	}
	return report, nil
}
