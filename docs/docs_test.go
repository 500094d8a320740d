// Package docs_test holds the guides to the code: links lead somewhere, examples
// parse, and what must be told of is told of.
package docs_test

import (
	"encoding/json"
	"os"
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
)

// pages are all guides, as seen from here.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"../*.md", "*.md", "adr/*.md"} {
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

// prose is a page without its code.
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

// anchors are the names that headings get on the usual forges.
func anchors(text string) []string {
	var names []string
	for _, m := range heading.FindAllStringSubmatch(prose(text), -1) {
		names = append(names, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return names
}

// Every example of a pipeline is one.
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

// Whoever adds a key, a class, an error name, an alarm or a make target that
// people meet also says what it is.
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
		{"failure class", "errors.md", classes},
		{"error name", "errors.md", names},
		{"alarm", "operations.md", alarms(t)},
	} {
		text := read(t, tt.page)
		for _, want := range tt.wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not tell of %s %s", tt.page, tt.what, want)
			}
		}
	}
}

// keys are those of pipeline files, by the schema for editors.
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

// alarms are those of a deployed stage; those of functions count as one.
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

// Commands that the guides name are there.
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
					t.Errorf("%s: there is no make %s", file, m[1])
				}
			}
		}
	}
}

var inline = regexp.MustCompile("`[^`\n]+`")

// code is what a page shows as code.
func code(text string) []string {
	var all []string
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		all = append(all, m[2])
	}
	return append(all, inline.FindAllString(prose(text), -1)...)
}

func TestLinesAreShort(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../CONTRIBUTING.md", "pipelines.md", "query.md", "local.md", "operations.md", "errors.md", "access.md"} {
		for i, line := range strings.Split(read(t, file), "\n") {
			if n := utf8.RuneCountInString(line); n > 120 {
				t.Errorf("%s:%d has %d characters", file, i+1, n)
			}
		}
	}
}

// recorded names the output of a script whose session a guide shows.
var recorded = regexp.MustCompile("<!-- session: (\\S+) -->\n```console\n((?s:.*?))```\n")

// A session in a guide is the one that the acceptance tests play.
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
			t.Errorf("cli.md shows another session than %s (-want +got):\n%s", m[1], diff)
		}
	}
}
