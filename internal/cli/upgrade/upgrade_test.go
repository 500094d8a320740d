package upgrade_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/upgrade"
)

const changelog = `# Changelog

## [Unreleased]

## [1.3.0] - 2027-03-01

- third

## [1.2.0] - 2027-02-01

- second

## [1.1.0] - 2027-01-01

- first
`

func TestUpgrade(t *testing.T) {
	t.Parallel()
	const third, second = "## [1.3.0] - 2027-03-01\n\n- third", "## [1.2.0] - 2027-02-01\n\n- second"
	for name, tt := range map[string]struct {
		from, to, changes, left, fails string
		o                              upgrade.Options
	}{
		"by one version":      {from: "v1.2.0", to: "v1.3.0", changes: third, left: "v1.3.0"},
		"by two versions":     {from: "v1.1.0", to: "v1.3.0", changes: third + "\n\n" + second, left: "v1.3.0"},
		"from between tags":   {from: "v1.2.0-3-g0123abc", to: "v1.3.0", changes: third, left: "v1.3.0"},
		"the same version":    {from: "v1.3.0", to: "v1.3.0", left: "v1.3.0"},
		"only shown":          {from: "v1.2.0", to: "v1.3.0", changes: third, left: "v1.2.0", o: upgrade.Options{DryRun: true}},
		"from an untagged":    {from: "0123abc", to: "v1.3.0", changes: third, left: "v1.3.0"},
		"a downgrade":         {from: "v1.3.0", to: "v1.2.0", left: "v1.3.0", fails: "pins ephemr v1.3.0, which is newer than this one, v1.2.0; install"},
		"a downgrade, wanted": {from: "v1.3.0", to: "v1.2.0", left: "v1.2.0", o: upgrade.Options{Downgrade: true}},
		"no repository":       {to: "v1.3.0", fails: ".ephemr-version is missing: run ephemr upgrade in a repository"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.o.Project, tt.o.JSON = t.TempDir(), true
			file := filepath.Join(tt.o.Project, ".ephemr-version")
			if tt.from != "" {
				if err := os.WriteFile(file, []byte(tt.from+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			err := upgrade.Run(tt.o, &terminal.IO{Out: &out, Err: &out}, tt.to, changelog)
			checkError(t, err, tt.fails)
			if left, _ := os.ReadFile(file); strings.TrimSpace(string(left)) != tt.left { //nolint:gosec // of this test
				t.Errorf("pinned is %q, want %q", left, tt.left)
			}
			var got struct{ From, To, Changes string }
			if tt.fails == "" {
				if err := json.Unmarshal(out.Bytes(), &got); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.changes, got.Changes); diff != "" {
					t.Errorf("changes (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil {
		t.Fatal(err)
	}
	if want != "" && (err == nil || !strings.Contains(err.Error(), want) || exit.CodeOf(err) != exit.CodeUsage) {
		t.Fatalf("got %v, want %q", err, want)
	}
}
