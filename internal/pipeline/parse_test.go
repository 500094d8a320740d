package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// zones are those of the lake that testdata speaks of.
var zones = pipeline.WithZones("raw", "lake", "artifacts")

func TestParseValid(t *testing.T) {
	t.Parallel()
	for _, file := range glob(t, "testdata/valid/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			s, err := pipeline.Parse(file, read(t, file), zones)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(zones); err != nil {
				t.Errorf("Validate differs from Parse: %v", err)
			}
			// What is stored as JSON is the same pipeline.
			b, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			again, err := pipeline.ParseJSON(b, zones)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s, again); diff != "" {
				t.Errorf("through JSON (-before +after):\n%s", diff)
			}
		})
	}
}

// TestParseBroken reads every file of testdata/broken; the messages are in
// errors.txt beside them.
func TestParseBroken(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	for _, file := range glob(t, "testdata/broken/*.yaml") {
		_, err := pipeline.Parse(filepath.Base(file), read(t, file), zones)
		if err == nil {
			t.Errorf("%s: no error", file)
			continue
		}
		for _, e := range pipeline.Errors(err) {
			if e.Line < 1 || e.Column < 1 {
				t.Errorf("%s: no position in %q", file, e)
			}
		}
		fmt.Fprintf(&got, "%v\n", err)
	}
	golden(t, "testdata/broken/errors.txt", got.Bytes())
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil { //nolint:gosec // a golden file is for everybody
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(read(t, file)), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s is stale, go test -update rewrites it (-want +got):\n%s", file, diff)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s: %v", pattern, errors.Join(err))
	}
	return files
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	return b
}
