package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"ephemr/internal/pipeline"
)

// TestParseHostile gives Parse files that are small and expensive. The test's
// own time limit is the assertion: each of these takes milliseconds.
func TestParseHostile(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("large files take seconds")
	}
	const size = 250_000
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	head := "pipeline: demo\ncluster: {profile: small}\njobs:\n"
	var needs, keys strings.Builder
	for i := range 15_000 {
		fmt.Fprintf(&needs, "x%d,", i)
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	for name, text := range map[string]string{
		"open lists":        fill("["),
		"open tables":       fill("{a: "),
		"dashes":            fill("- "),
		"questions":         fill("? "),
		"tags":              fill("!a "),
		"anchors":           fill("&a "),
		"colons":            fill("a: "),
		"quote":             "a: \"" + fill("x\n"),
		"indentation":       nested(600),
		"numbers":           "a: [" + fill("1,") + "]",
		"unknown keys":      keys.String(),
		"jobs":              head + fill("  - {}\n"),
		"needs":             head + "  - {name: a, type: bash, source: a, needs: [" + needs.String() + "]}\n",
		"one long text":     "pipeline: " + fill("x"),
		"templates":         head + "  - {name: a, type: bash, source: a, args: [" + fill(`"{{.X}}",`) + "]}\n",
		"parentheses":       head + "  - {name: a, type: bash, source: a, args: ['{{" + strings.Repeat("(", 10_000) + "}}']}\n",
		"many distinct ifs": head + "  - {name: a, type: bash, source: a, args: ['" + strings.Repeat("{{if .X}}", 1_000) + "']}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pipeline.Parse("x.yaml", []byte(text))
			if err == nil {
				t.Fatal("no error")
			}
			checkPositions(t, err, []byte(text))
			if n := len(err.Error()); n > 2*len(text)+20_000 {
				t.Errorf("an error of %d bytes", n)
			}
		})
	}
}

// nested returns tables in tables, each a space further in.
func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}
