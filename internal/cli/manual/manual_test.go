package manual_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ephemr/internal/cli"
	"ephemr/internal/cli/manual"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
)

var update = flag.Bool("update", false, "write docs/cli again")

func root() *cobra.Command {
	return cli.Root(&session.App{IO: &terminal.IO{Out: io.Discard, Err: io.Discard}, Getenv: func(string) string { return "" }}, "")
}

// each visits every visible command except cobra's help.
func each(cmd *cobra.Command, visit func(*cobra.Command)) {
	if cmd.Hidden || cmd.Name() == "help" {
		return
	}
	visit(cmd)
	for _, sub := range cmd.Commands() {
		each(sub, visit)
	}
}

// Every command and flag has a description, and commands have examples.
func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	n := 0
	each(root(), func(cmd *cobra.Command) {
		n++
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: Short is %q; say in a few words what it does, without a full stop", cmd.CommandPath(), cmd.Short)
		}
		if cmd.Example == "" {
			t.Errorf("%s has no Example", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s --%s: its usage is %q; say in a few words what it is for, without a full stop", cmd.CommandPath(), f.Name, f.Usage)
			}
		})
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if wide := len([]rune(strings.TrimRight(line, "\n"))); wide > 120 {
				t.Errorf("%s: a line of its help has %d characters, more than 120: %s", cmd.CommandPath(), wide, line)
			}
		}
	})
	if n < 15 {
		t.Errorf("saw only %d commands", n)
	}
}

// Commands and flags in examples exist and accept their values.
func TestExamplesWork(t *testing.T) {
	t.Parallel()
	each(root(), func(cmd *cobra.Command) {
		for _, line := range calls(cmd.Example) {
			r := root()
			found, rest, err := r.Find(line)
			if err == nil {
				err = found.ParseFlags(rest)
			}
			if err == nil && found.Args != nil {
				err = found.Args(found, found.Flags().Args())
			}
			if err != nil || found.HasSubCommands() && !strings.Contains(found.Use, " ") && len(found.Flags().Args()) > 0 {
				t.Errorf("%s: its example %q: %v", cmd.CommandPath(), line, err)
			}
		}
		if cmd.Example != "" && len(calls(cmd.Example)) == 0 {
			t.Errorf("%s: its Example does not call ephemr:\n%s", cmd.CommandPath(), cmd.Example)
		}
	})
}

// word is a word of shell, in quotes or not; anything else ends the command.
var word = regexp.MustCompile(`('[^']*'|"[^"]*"|[^\s'"|;&()<>#])+|#.*|[|;&()<>\n]`)

// calls returns the arguments of every ephemr call in shell code.
func calls(shell string) [][]string {
	var all [][]string
	var words []string
	for _, w := range append(word.FindAllString(shell, -1), "\n") {
		if !strings.ContainsAny(w[:1], "|;&()<>#\n") {
			words = append(words, strings.NewReplacer("'", "", `"`, "").Replace(w))
			continue
		}
		if len(words) > 0 && words[0] == "ephemr" {
			all = append(all, words[1:])
		}
		words = nil
	}
	return all
}

func TestCalls(t *testing.T) {
	t.Parallel()
	got := calls("  run=$(ephemr start x --date 2026-11-01 -f) # ephemr no\n  ephemr cancel r --why \"wrong input\"|ephemr runs -o json | jq '.[].id'\n")
	want := [][]string{{"start", "x", "--date", "2026-11-01", "-f"}, {"cancel", "r", "--why", "wrong input"}, {"runs", "-o", "json"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// The pages in docs/cli are generated from the current commands.
func TestReferenceIsCurrent(t *testing.T) {
	t.Parallel()
	const committed = "../../../docs/cli"
	if *update {
		if err := manual.Reference(committed); err != nil {
			t.Fatal(err)
		}
		return
	}
	fresh := t.TempDir()
	if err := manual.Reference(fresh); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(read(t, committed), read(t, fresh)); d != "" {
		t.Errorf("docs/cli is stale, run make generate (-want +got):\n%s", d)
	}
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	pages := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name())) //nolint:gosec // of this checkout
		if err != nil {
			t.Fatal(err)
		}
		pages[e.Name()] = string(data)
	}
	return pages
}

func TestPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := manual.Pages(dir, "1.2.3", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	pages := read(t, dir)
	each(root(), func(cmd *cobra.Command) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		for _, part := range []string{".TH", "ephemr 1.2.3", "Nov 2026", ".SH SYNOPSIS", ".SH EXAMPLE"} {
			if !strings.Contains(pages[name], part) {
				t.Errorf("%s lacks %q", name, part)
			}
		}
	})
}

func TestCompletions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := manual.Completions(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ephemr.bash", "_ephemr", "ephemr.fish", "ephemr.ps1"} {
		if text := read(t, dir)[name]; !strings.Contains(text, "__complete") {
			t.Errorf("%s does not ask ephemr: %d bytes", name, len(text))
		}
	}
}
