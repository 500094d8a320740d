package pipeline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/pipeline"
)

// FuzzParse holds that no file makes Parse panic, that every error has a
// position, and that what is taken can be worked with.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/valid/*.yaml", "testdata/broken/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file) //nolint:gosec // a test's own file
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	for _, odd := range []string{
		"\ufeffpipeline: a", "a: |\n  x\n y", "{a: [b, {c: ", "&a [*a]", "<<: [*x]", "? a", "- - - -", "%YAML 1.2\n---\n",
		"a: !!binary x", "*a : b", "\r\n\t", "a: 'x", "...\n---\n", "jobs: [&a {<<: *a}]", "{{}}", `{"pipeline": "a"}`,
	} {
		f.Add([]byte(odd))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := pipeline.Parse("x.yaml", data, zones)
		if err != nil {
			checkPositions(t, err, data)
			_, _ = pipeline.ParseJSON(data) // must not panic
			return
		}
		if err := s.Validate(zones); err != nil {
			t.Errorf("Validate refuses what Parse takes: %v", err)
		}
		if s.MaxParallel() < 1 || len(pipeline.Next(s.AllJobs(), map[string]pipeline.JobState{}).Start) == 0 {
			t.Error("nothing can start")
		}
		for _, j := range s.Jobs {
			_, _ = s.RenderJob(j.Name, context) // must not panic
		}
	})
}

func checkPositions(t *testing.T, err error, data []byte) {
	t.Helper()
	all := pipeline.Errors(err)
	if len(all) == 0 {
		t.Errorf("no *Error in %v", err)
	}
	lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 2
	for _, e := range all {
		if e.Line < 1 || e.Column < 1 || e.Line > lines || e.Msg == "" {
			t.Errorf("no good position: %+v", e)
		}
	}
}
