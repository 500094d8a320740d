package main_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/proof/executable"
)

// A bootstrap action with a checksum is executed with its arguments, and not at all if its file is another one.
func TestVerifiedBootstrapAction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	action := "#!/bin/sh\necho \"ran $1 $2\"\n"
	write := func(name, text string) {
		if err := executable.Write(filepath.Join(dir, name), text); err != nil {
			t.Fatal(err)
		}
	}
	write("action", action)
	write("aws", "#!/bin/sh\ncp "+filepath.Join(dir, "action")+" \"$5\"\n")
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(action)))
	for name, tt := range map[string]struct{ sum, want string }{
		"the same": {sum, "ran a b c\n"}, "another": {strings.Repeat("0", 64), "it was not executed\n"},
	} {
		cmd := exec.CommandContext(t.Context(), "bash", "../../scripts/install-runner.sh", "--verify", tt.sum, "s3://b/action", "a", "b c") //nolint:gosec // a script of the repository
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if (err == nil) != (tt.sum == sum) || !strings.HasSuffix(string(out), tt.want) || tt.sum != sum && strings.Contains(string(out), "ran ") {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}
