package chaos_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/chaos"
	"ephemr/internal/proof/chaos/evidence"
)

// What the shims of the local region record is read as evidence.
func TestApplicationsAreRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"lib/yarn-submit", "solo-1 work 1", "SPARK", "ephemr:solo-1:work:1"},
		{"lib/yarn-submit", "solo-2 work 3", "SPARK", "ephemr:solo-2:work:3"},
		{"yarn", "application", "-kill", "application_1700000000000_0002"},
	} {
		cmd := exec.CommandContext(t.Context(), filepath.Join("../../../scripts/shims", args[0]), args[1:]...) //nolint:gosec // our own script
		cmd.Env = append(os.Environ(), "YARN_REGISTRY="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	got, err := chaos.ApplicationsOf(filepath.Join(dir, "applications"), "j-1")
	if err != nil {
		t.Fatal(err)
	}
	want := []evidence.Application{
		{ID: "application_1700000000000_0001", Cluster: "j-1", Run: "solo-1", Job: "work", Attempt: 1, Living: true},
		{ID: "application_1700000000000_0002", Cluster: "j-1", Run: "solo-2", Job: "work", Attempt: 3},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, err := chaos.ApplicationsOf(filepath.Join(dir, "none"), "j-1"); err != nil || got != nil {
		t.Errorf("without a file: %v, %v", got, err)
	}
}
