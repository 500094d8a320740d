package stacks_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// AWS documents every action, resource and condition key of the policies of the stages
// on AWS.
func TestPoliciesAreDocumented(t *testing.T) {
	t.Parallel()
	args := []string{"../../scripts/policies.py"}
	for name, s := range withFull() {
		if s.config.EnforceTLS {
			files, err := filepath.Glob(filepath.Join(synthesized, name, "*.template.json"))
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, files...)
		}
	}
	out, err := exec.CommandContext(t.Context(), "../../.tools/venv/bin/python", args...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The check reports what IAM would silently never allow.
func TestUndocumentedPolicies(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "../../.tools/venv/bin/python", "../../scripts/policies.py", "testdata/undocumented.json").CombinedOutput()
	if err == nil {
		t.Errorf("no error: %s", out)
	}
	keep(t, "testdata/undocumented.txt", string(out))
}
