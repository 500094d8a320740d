package acceptance_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/local/flights"
	"ephemr/internal/local/laptop"
)

// asks asks for the delays that a run has published, as a newcomer would: with
// the queries of this repository.
func (w *world) asks(t *testing.T, want []flights.Delay) {
	t.Helper()
	if out, stderr, code := w.cli(t, w.region.Root, "query", "--saved", "create-tables"); code != 0 || out != "" { // for the days that are new
		t.Fatalf("ephemr query --saved create-tables: exit code %d\n%s%s", code, out, stderr)
	}
	out := w.asked(t, "--saved", "delays", "--param", "month="+want[0].Month, "--format", "csv")
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var found, expected []string
	for _, row := range rows[1:] {
		found = append(found, fmt.Sprint(row[0], row[1], row[2], row[6]))
	}
	for _, d := range want {
		worst := strconv.FormatFloat(d.WorstDelay, 'f', 1, 64)
		expected = append(expected, fmt.Sprint(d.Carrier, d.Origin, d.Flights, worst))
	}
	slices.Sort(found)
	slices.Sort(expected)
	if diff := cmp.Diff(expected, found); diff != "" {
		t.Errorf("what the query finds differs from what is computed from the CSV (-want +got):\n%s", diff)
	}
	w.asksGolden(t, want[0].Month)
}

// asksGolden holds what the queries find on real data against a file.
func (w *world) asksGolden(t *testing.T, month string) {
	t.Helper()
	got := w.asked(t, "--saved", "delays", "--param", "month="+month, "--format", "csv")
	got = append(got, w.asked(t, "--saved", "latest-flights", "--param", "from="+month+"-01", "--param", "to="+month+"-03", "--param", "limit=3", "-o", "json")...)
	got = append(got, w.asked(t, "describe delays")...)
	file := filepath.Join("testdata", "query-flights.txt")
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file) //nolint:gosec // of testdata
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s", file, diff)
	}
	// A value is a value: nobody is called that, and nothing is dropped.
	out := w.asked(t, "select count(*) as n from delays where carrier = {{.Params.c}}", "--param", "c=UA' or '1'='1'; drop table delays; --", "-o", "json")
	var n []map[string]int
	if err := json.Unmarshal(out, &n); err != nil || n[0]["n"] != 0 {
		t.Errorf("got %s, %v", out, err)
	}
	if out := w.asked(t, "show tables 'delays'", "--format", "csv"); string(out) != "tab_name\ndelays\n" {
		t.Errorf("tables: %s", out)
	}
}

// asked is what ephemr query answers in the checkout.
func (w *world) asked(t *testing.T, args ...string) []byte {
	t.Helper()
	out, stderr, code := w.cli(t, w.region.Root, append([]string{"query"}, args...)...)
	if code != 0 {
		t.Fatalf("ephemr query %q: exit code %d\n%s%s", args, code, out, stderr)
	}
	return []byte(out)
}

// Who has a team's policy, and nothing else, can ask as that team and not as
// another.
func TestQueryAsMember(t *testing.T) {
	t.Parallel()
	member := w.member(t, "ephemr-local-query-data-us-east-1")
	ask := func(args ...string) (string, string, int) {
		return w.as(t, member, program, append([]string{"query"}, args...)...)
	}
	if out, stderr, code := ask("--team", "data", "--format", "csv", "select 1 as one"); code != 0 || out != "one\n1\n" {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	if os.Getenv("EPHEMR_REGION") != "" {
		return // one that is kept does not enforce rights
	}
	out, stderr, code := ask("--team", "default", "select 1 as one")
	if code != 1 || out != "" || !strings.Contains(stderr, "policy ephemr-local-query-default-us-east-1") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	if _, stderr, code := w.as(t, member, program, "runs"); code != 1 || !strings.Contains(stderr, "AccessDenied") {
		t.Errorf("the policy lets one see runs: exit code %d\n%s", code, stderr)
	}
}

// member makes a user with one policy and returns the environment to work as
// that user.
func (w *world) member(t *testing.T, policy string) []string {
	t.Helper()
	name := "member-" + nonce
	iam := func(args ...string) string {
		out, stderr, code := w.as(t, nil, filepath.Join(w.region.Root, ".tools", "venv", "bin", "aws"), append([]string{"iam"}, args...)...)
		if code != 0 {
			t.Fatalf("aws iam %q: %s", args, stderr)
		}
		return out
	}
	iam("create-user", "--user-name", name)
	iam("attach-user-policy", "--user-name", name, "--policy-arn", "arn:aws:iam::"+laptop.Account+":policy/"+policy)
	keys := strings.Fields(iam("create-access-key", "--user-name", name, "--query", "AccessKey.[AccessKeyId,SecretAccessKey]", "--output", "text"))
	return []string{"AWS_ACCESS_KEY_ID=" + keys[0], "AWS_SECRET_ACCESS_KEY=" + keys[1]}
}

// as runs a program in the checkout, with more in its environment.
func (w *world) as(t *testing.T, env []string, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // our own tools
	var out, err bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.region.Root, &out, &err
	cmd.Env = laptop.Overlay(os.Environ(), append(w.region.Environ(), env...))
	if e := cmd.Run(); e != nil && cmd.ProcessState == nil {
		t.Fatalf("run %s %s: %v", name, strings.Join(args, " "), e)
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// On a terminal one sees how far a query is, and Ctrl-C stops it.
func TestQueryOnTerminal(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "query", "select count(*) from range(5000000000) t(i) where i % 7 = 1")
	cmd.Dir, cmd.Env = t.TempDir(), append(laptop.Overlay(os.Environ(), w.region.Environ()), "TERM=xterm", "NO_COLOR=")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	var screen strings.Builder
	for buffer, typed := make([]byte, 4096), false; ; {
		n, err := terminal.Read(buffer) // an error is that the program has ended
		screen.Write(buffer[:n])
		if err != nil {
			break
		}
		if !typed && strings.Contains(screen.String(), "Ctrl-C to stop") {
			typed = true
			if _, err := terminal.Write([]byte{3}); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.Contains(screen.String(), "\r\x1b[Kstopped query ") {
		t.Errorf("exit code %d\n%q", code, screen.String())
	}
}

// Without DuckDB the emulator would make rows up. Started by us it fails.
func TestQueryWithoutDuckDB(t *testing.T) {
	t.Parallel()
	const script = `
import asyncio, sys
sys.modules["duckdb"] = None
sys.path.insert(0, "scripts")
import athena
from ministack.services import athena as theirs
print(theirs.get_athena_engine())
asyncio.run(theirs._run_duckdb("select 1", "default"))`
	out, stderr, code := w.as(t, nil, filepath.Join(w.region.Root, ".tools", "venv", "bin", "python"), "-c", script)
	if code == 0 || out != "duckdb\n" || !strings.Contains(stderr, "no duckdb: ") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
}
