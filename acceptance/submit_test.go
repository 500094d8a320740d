package acceptance_test

import (
	"strings"
	"testing"
)

// A directory runs on a cluster as if it ran here: its output is shown, and its
// exit code is the command's.
func TestSubmit(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{
		"job/run.sh":       `. ./lib/greet.sh; greet "$1"; echo "and to stderr" >&2; exit "$2"`,
		"job/lib/greet.sh": `greet() { echo "hello, $1, said $EPHEMR_JOB"; }`,
	})
	tests := []struct {
		name string
		exit string
		code int
	}{{"succeeds", "0", 0}, {"fails", "3", 3}, {"has nothing to do", "77", 77}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, stderr, code := w.cli(t, dir, "submit", "-d", "job", "-t", "bash", "-u", "etl", "--arg", "world", "--arg", tt.exit)
			if code != tt.code {
				t.Errorf("exit code %d, want %d\n%s%s", code, tt.code, out, stderr)
			}
			if !strings.Contains(out, "hello, world, said ") || !strings.Contains(out+stderr, "and to stderr") {
				t.Errorf("the job's output is missing:\n%s%s", out, stderr)
			}
		})
	}
}
