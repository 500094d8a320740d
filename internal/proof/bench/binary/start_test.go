package binary_test

import (
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/proof/bench/binary"
	"ephemr/internal/proof/executable"
)

// program writes an executable that stands in for a function.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	if err := executable.Write(path, "#!/bin/sh\n"+script); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStartOfAProgramThatEnds(t *testing.T) {
	t.Parallel()
	_, err := binary.Start(t.Context(), program(t, `echo "settings: $EPHEMR_SETTINGS"; exit 3`), "none")
	if err == nil || !strings.Contains(err.Error(), "exit status 3: settings: none") {
		t.Errorf("got %v, want its exit status and its output", err)
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the function that does nothing")
	}
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	zip, err := binary.Zip(t.Context(), root, dir, binary.Hello)
	if err != nil || len(zip) < 1<<20 {
		t.Fatalf("package of %d bytes, %v", len(zip), err)
	}
	took, err := binary.Start(t.Context(), filepath.Join(dir, binary.Hello), "")
	if err != nil || took <= 0 {
		t.Errorf("it started in %s, %v", took, err)
	}
}
