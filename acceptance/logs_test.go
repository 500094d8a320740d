package acceptance_test

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"ephemr/internal/run"
)

// oddities are what programs print that logs had better survive: a line of 1 MB,
// bytes that are no text, an empty line, no newline at the end.
func oddities() string {
	garbage := sha256.Sum256([]byte("garbage"))
	return strings.Repeat("x", 1_000_000) + "\n" + strings.ReplaceAll(string(garbage[:]), "\n", "") + "\x00\xff\n\nend"
}

// It comes back as it was printed: while it is, and from the archive to the byte.
func TestJobThatPrintsOddly(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"job/run.sh": "cat odd", "job/odd": oddities(), "job/of": nonce})
	out, stderr, code := w.cli(t, dir, "submit", "-d", "job", "-t", "bash", "-u", "etl")
	if want := strings.ToValidUTF8(oddities(), "\uFFFD") + "\n"; code != 0 || out != want {
		t.Fatalf("exit code %d, %d bytes, want %d: …%.100q\n%s", code, len(out), len(want), out[max(0, len(out)-100):], stderr)
	}
	id := regexp.MustCompile(`adhoc-etl-\S+`).FindString(stderr)
	streams := run.Run{ID: id, User: "etl"}.LogPrefix("job", 1)
	logs := cloudwatchlogs.NewFromConfig(w.region.Config())
	for _, stream := range []string{"/stdout", "/stderr"} {
		if _, err := logs.DeleteLogStream(t.Context(), &cloudwatchlogs.DeleteLogStreamInput{
			LogGroupName: &w.settings.RunLogGroup, LogStreamName: aws.String(streams + stream),
		}); err != nil && stream == "/stdout" { // of what was never printed there is no stream
			t.Fatal(err)
		}
	}
	out, stderr, code = w.cli(t, dir, "logs", id, "--raw", "--stream", "stdout")
	if code != 0 || out != oddities()+"\n" || !strings.Contains(stderr, "logs archived by EMR in S3") {
		t.Errorf("archived: exit code %d, %d bytes\n%s", code, len(out), stderr)
	}
}

// What a job printed until it was killed is there, also what its runner had no
// time to stream.
func TestLinesOfAKilledJob(t *testing.T) {
	t.Parallel()
	name := "cutoff-" + nonce
	w.apply(t, bash(name, ""), map[string]string{"work": `trap "" TERM; for ((i = 1; ; i++)); do echo "line $i"; sleep 0.02; done`})
	id := w.begin(t, name)
	eventually(t, "its first lines", func() (bool, string) {
		out, stderr, _ := w.cli(t, t.TempDir(), "logs", id)
		return strings.Contains(out, "line 30\n"), stderr
	})
	if out, stderr, code := w.cli(t, t.TempDir(), "cancel", "--kill", id, "--why", "wrong input"); code != 0 {
		t.Fatalf("ephemr cancel --kill: exit code %d\n%s%s", code, out, stderr)
	}
	w.cancelled(t, id)
	archived, _, _ := w.cli(t, t.TempDir(), "logs", id, "--archived", "--stream", "stdout")
	out, stderr, code := w.cli(t, t.TempDir(), "logs", id, "--stream", "stdout")
	if code != 0 || out != archived || len(out) == 0 {
		t.Errorf("exit code %d, %d lines, EMR has %d\n%s", code, strings.Count(out, "\n"), strings.Count(archived, "\n"), stderr)
	}
	n := 0
	for line := range strings.Lines(out) {
		if n++; line != fmt.Sprintf("line %d\n", n) {
			t.Fatalf("line %d is %q", n, line)
		}
	}
}
