// Package testcase reads the files of ephemr test: which pipeline runs on which input, and
// what is expected of it.
package testcase

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"ephemr/internal/pipeline"
	"ephemr/internal/rows"
)

//go:generate go test -run TestSchemaIsCurrent . -update

// FileName is the name of the file that makes a folder a test.
const FileName = "test.yaml"

// Test is a test that was read.
type Test struct {
	Definition

	File     string // test.yaml
	Dir      string // of it
	Spec     *pipeline.Spec
	Compares []Compare // of Expected.Datasets, by place

	decoded *pipeline.Decoded
}

// Compare is how a dataset is compared.
type Compare struct {
	Want    *rows.Table // nil = only the number of rows
	Options rows.Options
}

// Definition is a test.yaml. The schema for editors is generated from this type.
type Definition struct {
	Name        string            `json:"name,omitempty" jsonschema:"pattern=^[a-z][a-z0-9-]{0\\,39}$"` // default: that of the folder
	Description string            `json:"description,omitempty"`
	Pipeline    string            `json:"pipeline" jsonschema:"required"` // its file, relative to the project
	User        string            `json:"user,omitempty"`                 // that the jobs run as; default: the stage's
	Date        string            `json:"date,omitempty"`                 // logical date or time; default now
	Params      map[string]string `json:"params,omitempty"`
	Object      string            `json:"object,omitempty"`  // of the input, as zone/key: the run gets it as an upload would
	Input       map[string]string `json:"input,omitempty"`   // zone/key -> file, zone/prefix/ -> file or folder, relative to the test
	Secrets     map[string]string `json:"secrets,omitempty"` // by environment variable of the jobs: the value; in the local region only
	Timeout     pipeline.Duration `json:"timeout,omitempty"` // of the run; default 10m
	Expected    Expected          `json:"expected"`
}

// Expected is what a run is compared with.
type Expected struct {
	Outcome  string         `json:"outcome,omitempty" jsonschema:"enum=SUCCEEDED,enum=FAILED,enum=REJECTED"` // default SUCCEEDED
	Class    string         `json:"class,omitempty"`                                                         // of a failure
	Reason   string         `json:"reason,omitempty"`                                                        // a part of it
	Jobs     map[string]Job `json:"jobs,omitempty"`
	Datasets []Dataset      `json:"datasets,omitempty" jsonschema:"maxItems=50"`
}

// Job is what is expected of a job.
type Job struct {
	State   string            `json:"state,omitempty" jsonschema:"enum=SUCCEEDED,enum=FAILED,enum=SKIPPED,enum=CANCELLED"`
	Outputs map[string]string `json:"outputs,omitempty"` // others are not compared
}

// Dataset is what is expected of a dataset.
type Dataset struct {
	Dataset   string   `json:"dataset" jsonschema:"required"`                         // zone/prefix/ or zone/key
	Rows      string   `json:"rows,omitempty"`                                        // file with the expected rows: CSV, JSON Lines or Parquet
	Count     *int     `json:"count,omitempty" jsonschema:"minimum=0"`                // number of rows
	Key       []string `json:"key,omitempty"`                                         // columns that identify a row; rows that differ are then shown by it
	Columns   []string `json:"columns,omitempty"`                                     // to compare; default all
	Ignore    []string `json:"ignore,omitempty"`                                      // columns
	Ordered   bool     `json:"ordered,omitempty"`                                     // compare the order, by file and row
	Tolerance string   `json:"tolerance,omitempty" jsonschema:"pattern=^[0-9.eE-]+$"` // of doubles: largest absolute difference
}

// Find returns the test files in folders: of each its own, or all below.
func Find(dirs []string) ([]string, error) {
	var all []string
	var errs []error
	for _, dir := range dirs {
		found, err := below(dir)
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("folder %s contains no %s", dir, FileName)
		}
		errs = append(errs, err)
		for _, file := range found {
			if !slices.Contains(all, file) { // folders may overlap
				all = append(all, file)
			}
		}
	}
	return all, errors.Join(errs...)
}

func below(dir string) (found []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("find tests: %w", err)
		case entry.IsDir() && entry.Name() == ".git":
			return fs.SkipDir
		case !entry.IsDir() && entry.Name() == FileName:
			found = append(found, path)
		}
		return nil
	})
	return found, err
}

// Load reads a test file with all files that it names. The error joins a *pipeline.Error
// for each fault. The pipeline's file is relative to the project.
func Load(file, project string) (*Test, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, fmt.Errorf("read test: %w", err)
	}
	t := &Test{File: file, Dir: filepath.Dir(file)}
	t.decoded = pipeline.DecodeYAML(file, data, &t.Definition)
	t.check(project)
	return t, t.decoded.Err()
}
