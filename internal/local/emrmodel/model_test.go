package emrmodel_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"testing"
)

var update = flag.Bool("update", false, "write the model again")

const generated = "zz_generated.model.json"

// The model is the one of the pinned botocore.
func TestModelIsCurrent(t *testing.T) {
	t.Parallel()
	const python = "../../../.tools/venv/bin/python"
	if _, err := os.Stat(python); err != nil && testing.Short() {
		t.Skip("no Python with botocore: run scripts/setup")
	}
	want, err := exec.CommandContext(t.Context(), python, "../../../scripts/emrmodel/model.py").Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(generated)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	if !*update {
		t.Fatalf("%s is not up to date: run go generate ./internal/local/emrmodel", generated)
	}
	if err := os.WriteFile(generated, want, 0o600); err != nil {
		t.Fatal(err)
	}
}
