package docs_test

import (
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/pipeline"
)

// Every example pipeline is valid, and listed with the examples.
func TestExamplePipelines(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../pipelines/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	list := read(t, "../pipelines/README.md")
	for _, file := range files {
		if _, err := pipeline.Parse(file, []byte(read(t, file)), pipeline.WithZones("raw", "curated")); err != nil {
			t.Error(err)
		}
		if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); !strings.Contains(list, "\n| ["+name+"](") {
			t.Errorf("pipelines/README.md does not list %s", name)
		}
	}
}
