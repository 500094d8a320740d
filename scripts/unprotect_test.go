package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/executable"
)

// stub is an aws that logs its calls and knows the status of each stack.
const stub = `#!/usr/bin/env bash
echo "$AWS_REGION $*" >> "$CALLS"
[[ $2 == describe-stacks ]] || exit 0
case $4 in
  *-lake) echo "$LAKE" ;;
  *-platform) echo "$PLATFORM" ;;
  *) echo "An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id $4 does not exist" >&2; exit 254 ;;
esac
[[ $LAKE != denied ]] || exit 254
`

// Only stacks whose first creation was rolled back lose their protection.
func TestUnprotect(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stage, lake, platform string
		unprotected           []string
		region                string
		fails                 bool
	}{
		"first deployment":     {stage: "prod", lake: "UPDATE_COMPLETE", platform: "CREATE_COMPLETE", region: "eu-west-1"},
		"lake was rolled back": {stage: "prod", lake: "ROLLBACK_COMPLETE", platform: "CREATE_COMPLETE", unprotected: []string{"ephemr-prod-lake"}, region: "eu-west-1"},
		"rollback failed":      {stage: "prod", lake: "CREATE_COMPLETE", platform: "ROLLBACK_FAILED", unprotected: []string{"ephemr-prod-platform"}, region: "eu-west-1"},
		"update rolled back":   {stage: "prod", lake: "UPDATE_ROLLBACK_COMPLETE", platform: "UPDATE_ROLLBACK_FAILED", region: "eu-west-1"},
		"Region of the stage":  {stage: "local", lake: "ROLLBACK_COMPLETE", platform: "CREATE_COMPLETE", unprotected: []string{"ephemr-local-lake"}, region: "us-east-1"},
		"no permission":        {stage: "prod", lake: "denied", fails: true, region: "eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bin := t.TempDir()
			if err := executable.Write(filepath.Join(bin, "aws"), stub); err != nil {
				t.Fatal(err)
			}
			calls := filepath.Join(bin, "calls")
			cmd := exec.CommandContext(t.Context(), "scripts/unprotect", tt.stage) //nolint:gosec // of this test
			cmd.Dir = ".."
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CALLS="+calls, "LAKE="+tt.lake, "PLATFORM="+tt.platform, "AWS_REGION=eu-west-1")
			if out, err := cmd.CombinedOutput(); (err != nil) != tt.fails {
				t.Fatalf("%v\n%s", err, out)
			}
			data, err := os.ReadFile(calls) //nolint:gosec // of this test
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(string(data)) {
				words := strings.Fields(line)
				if words[0] != tt.region {
					t.Errorf("called in Region %s", words[0])
				}
				if words[2] == "update-termination-protection" {
					got = append(got, words[len(words)-1])
				}
			}
			if diff := cmp.Diff(tt.unprotected, got); diff != "" {
				t.Errorf("unprotected stacks (-want +got):\n%s", diff)
			}
		})
	}
}
