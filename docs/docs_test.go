// Package docs_test checks the guides against the code: links resolve, examples
// parse, and every key, class, error name, alarm and message is documented.
package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/pipeline/layout"
)

// pages returns all guides by their path relative to this folder.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"../*.md", "*.md", "adr/*.md", "../pipelines/*.md", "../jobs/*/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			texts[file] = read(t, file)
		}
	}
	if len(texts) < 10 {
		t.Fatalf("found only %d pages", len(texts))
	}
	return texts
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file) //nolint:gosec // of this checkout
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var fence = regexp.MustCompile("(?ms)^ *```(\\w*)\n(.*?)^ *```$")

// prose returns a page without its code blocks.
func prose(text string) string { return fence.ReplaceAllString(text, "") }

var link = regexp.MustCompile(`\]\(([^()\s]+)\)`)

func TestLinks(t *testing.T) {
	t.Parallel()
	for file, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(prose(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			target := file
			if path != "" {
				target = filepath.Join(filepath.Dir(file), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: link to %s: %v", file, m[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s: %s has no heading for #%s", file, target, anchor)
			}
		}
	}
}

var (
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors returns the anchors that GitHub generates for headings.
func anchors(text string) []string {
	var names []string
	for _, m := range heading.FindAllStringSubmatch(prose(text), -1) {
		names = append(names, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return names
}

// Every example of a pipeline file is valid.
func TestExamplesParse(t *testing.T) {
	t.Parallel()
	n := 0
	for file, text := range pages(t) {
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			if m[1] != "yaml" || !strings.HasPrefix(m[2], "pipeline:") {
				continue
			}
			n++
			if _, err := pipeline.Parse(file, []byte(m[2]), pipeline.WithZones("raw", "curated")); err != nil {
				t.Errorf("an example of %s:\n%s\n%v", file, m[2], err)
			}
		}
	}
	if n < 5 {
		t.Errorf("found only %d examples", n)
	}
}

func quoted(names []string) (all []string) {
	for _, name := range names {
		all = append(all, "`"+name+"`")
	}
	return all
}

// Every key, job type, failure class, error name and alarm is documented.
func TestNothingIsLeftOut(t *testing.T) {
	t.Parallel()
	classes, names := make([]string, 0, len(job.Classes)), make([]string, 0, len(fault.Names))
	for _, c := range job.Classes {
		classes = append(classes, "`"+string(c)+"`")
	}
	for _, n := range fault.Names {
		names = append(names, "`"+string(n)+"`")
	}
	for _, tt := range []struct {
		what, page string
		wanted     []string
	}{
		{"key", "pipelines.md", keys(t)},
		{"type of job", "pipelines.md", types()},
		{"key of a trigger", "pipelines.md", pipeline.TriggerKeys},
		{"function", "pipelines.md", quoted(pipeline.Functions())},
		{"layout", "pipelines.md", quoted(layout.Names)},
		{"failure class", "errors.md", classes},
		{"error name", "errors.md", names},
		{"alarm", "operations.md", alarms(t)},
	} {
		text := read(t, tt.page)
		for _, want := range tt.wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not document %s %s", tt.page, tt.what, want)
			}
		}
	}
}

// keys returns the keys of pipeline files, from the JSON schema.
func keys(t *testing.T) []string {
	t.Helper()
	type schema struct {
		Properties map[string]json.RawMessage
		Items      json.RawMessage
		Additional json.RawMessage `json:"additionalProperties"`
	}
	var found []string
	var walk func(data json.RawMessage)
	walk = func(data json.RawMessage) {
		var s schema
		if json.Unmarshal(data, &s) != nil { // additionalProperties: false
			return
		}
		for name, property := range s.Properties {
			found = append(found, name)
			walk(property)
		}
		for _, more := range []json.RawMessage{s.Items, s.Additional} {
			if len(more) > 0 {
				walk(more)
			}
		}
	}
	walk(json.RawMessage(read(t, "../internal/pipeline/zz_generated.schema.json")))
	if len(found) < 30 {
		t.Fatalf("found only %d keys", len(found))
	}
	return found
}

func types() []string {
	var names []string
	for _, name := range job.Types() {
		names = append(names, "`"+string(name)+"`")
	}
	return names
}

var alarmName = regexp.MustCompile(`(?m)^ +AlarmName: ephemr-<stage>-([a-z-]+)$`)

// alarms returns the alarms of a deployed stage; those of functions are one.
func alarms(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, m := range alarmName.FindAllStringSubmatch(read(t, "../infra/stacks/testdata/prod-platform.golden.yaml"), -1) {
		name := "`" + m[1] + "`"
		if strings.HasSuffix(m[1], "-errors") {
			name = "`<function>-errors`"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		t.Fatal("found no alarms")
	}
	return names
}

var (
	makeCall   = regexp.MustCompile(`\bmake ([a-z][a-z-]+)`)
	makeTarget = regexp.MustCompile(`(?m)^([a-z-]+):.*##`)
)

// Every make target that the guides mention exists.
func TestMakeTargets(t *testing.T) {
	t.Parallel()
	var targets []string
	for _, m := range makeTarget.FindAllStringSubmatch(read(t, "../Makefile"), -1) {
		targets = append(targets, m[1])
	}
	for file, text := range pages(t) {
		for _, code := range code(text) {
			for _, m := range makeCall.FindAllStringSubmatch(code, -1) {
				if !slices.Contains(targets, m[1]) {
					t.Errorf("%s: no target %s in the Makefile", file, m[1])
				}
			}
		}
	}
}

var inline = regexp.MustCompile("`[^`\n]+`")

// code returns the code blocks and inline code of a page.
func code(text string) []string {
	var all []string
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		all = append(all, m[2])
	}
	return append(all, inline.FindAllString(prose(text), -1)...)
}

var (
	message  = regexp.MustCompile("(?m)^\\| `([^`]+)`")
	fragment = regexp.MustCompile(`…|"|%[a-z]`)
	literal  = regexp.MustCompile(`\\"|%\[?\d*\]?[+#]?[a-z]|"`)
)

// system are messages of Go and of the operating system.
var system = []string{"no such file or directory"}

// Every message in the tables of messages occurs in the source: the parts between
// placeholders, since values and quotes differ.
func TestMessagesExist(t *testing.T) {
	t.Parallel()
	_, tables, found := strings.Cut(read(t, "errors.md"), "## Messages and remedies")
	if !found {
		t.Fatal("errors.md has no messages")
	}
	source := literals(t)
	n := 0
	for _, m := range message.FindAllStringSubmatch(tables, -1) {
		for _, part := range fragment.Split(m[1], -1) {
			part = strings.Trim(part, " :;,.()?")
			if len(part) < 8 || slices.Contains(system, part) {
				continue
			}
			n++
			if !strings.Contains(source, part) {
				t.Errorf("errors.md: no message contains %q (of %q)", part, m[1])
			}
		}
	}
	if n < 40 {
		t.Errorf("found only %d parts of messages", n)
	}
}

// literals returns the source of everything that writes messages, with
// placeholders and quotes replaced.
func literals(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range []string{"../internal", "../cmd", "../scripts"} {
		err := filepath.WalkDir(dir, func(file string, _ os.DirEntry, err error) error {
			if err == nil && (strings.HasSuffix(file, ".go") || strings.HasSuffix(file, ".sh")) && !strings.HasSuffix(file, "_test.go") {
				all.WriteString(literal.ReplaceAllString(read(t, file), "…"))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// Tests that local.md names exist.
func TestNamedTestsExist(t *testing.T) {
	t.Parallel()
	_, table, found := strings.Cut(read(t, "local.md"), "## What AWS does, and the tests that hold it")
	if !found {
		t.Fatal("local.md does not list the tests")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	out, err := exec.CommandContext(t.Context(), "git", "-C", "..", "grep", "-hoE", "^func Test[A-Za-z0-9]+", "--", "*_test.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	tests := strings.Fields(strings.ReplaceAll(string(out), "func ", ""))
	for _, m := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(table, -1) {
		if !slices.Contains(tests, m[1]) {
			t.Errorf("local.md names %s, which does not exist", m[1])
		}
	}
}

// The layout in CONTRIBUTING.md has every package of internal/.
func TestLayoutIsComplete(t *testing.T) {
	t.Parallel()
	text := read(t, "../CONTRIBUTING.md")
	folders, err := os.ReadDir("../internal")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		listed := regexp.MustCompile("(?m)^\\|.*`(internal/)?" + f.Name() + "[`/]")
		if f.IsDir() && !listed.MatchString(text) {
			t.Errorf("CONTRIBUTING.md does not list internal/%s", f.Name())
		}
	}
}

func TestLinesAreShort(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../CONTRIBUTING.md", "pipelines.md", "query.md", "local.md", "operations.md", "operating.md", "errors.md", "access.md"} {
		for i, line := range strings.Split(read(t, file), "\n") {
			if n := utf8.RuneCountInString(line); n > 120 {
				t.Errorf("%s:%d has %d characters", file, i+1, n)
			}
		}
	}
}

// recorded matches a session in a guide and the script output it is taken from.
var recorded = regexp.MustCompile("<!-- session: (\\S+) -->\n```console\n((?s:.*?))```\n")

// A session in a guide is the recorded output of an acceptance test.
func TestSessionsAreRecorded(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("cli.md")
	if err != nil {
		t.Fatal(err)
	}
	all := recorded.FindAllStringSubmatch(string(text), -1)
	if len(all) == 0 {
		t.Fatal("cli.md shows no session")
	}
	for _, m := range all {
		want, err := os.ReadFile(filepath.Join("..", m[1])) //nolint:gosec // named in our own guide
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), m[2]); diff != "" {
			t.Errorf("session in cli.md differs from %s (-want +got):\n%s", m[1], diff)
		}
	}
}
