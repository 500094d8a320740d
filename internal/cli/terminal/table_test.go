package terminal_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/terminal"
)

// A table fits the terminal if the first two columns do: these are never
// clipped, and hidden columns are named.
func TestTableFits(t *testing.T) {
	t.Parallel()
	header := []string{"RUN", "STATE", "CLASS", "COST", "REASON"}
	rows := [][]string{{"flights-daily-20261101", "FAILED", "capacity", "0.02 USD", "no m5.xlarge in any of the subnets"}, {"x", "RUNNING", "", "", ""}}
	for name, tt := range map[string]struct {
		width     int
		out, note string
	}{
		"a pipe": {0, `
RUN                     STATE    CLASS     COST      REASON
flights-daily-20261101  FAILED   capacity  0.02 USD  no m5.xlarge in any of the subnets
x                       RUNNING
`, ""},
		"wide enough": {80, `
RUN                     STATE    CLASS     COST      REASON
flights-daily-20261101  FAILED   capacity  0.02 USD  no m5.xlarge in any of the…
x                       RUNNING
`, ""},
		"narrow": {60, `
RUN                     STATE    CLASS     REASON
flights-daily-20261101  FAILED   capacity  no m5.xlarge in …
x                       RUNNING
`, "columns hidden: COST; widen the terminal or use -o json\n"},
		"too narrow": {30, `
RUN                     STATE    REASON
flights-daily-20261101  FAILED   no m5.xla…
x                       RUNNING
`, "columns hidden: 2; widen the terminal or use -o json\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, err bytes.Buffer
			io := terminal.IO{Out: &out, Err: &err, Width: tt.width}
			io.Table(header, rows)
			if d := cmp.Diff(tt.out+tt.note, "\n"+out.String()+err.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			for line := range strings.Lines(out.String()) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); tt.width >= 60 && n > tt.width {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

// Wide characters take two columns and combining ones none, also where a cell is
// clipped.
func TestTableOfWideCharacters(t *testing.T) {
	t.Parallel()
	header := []string{"NAME", "STATE", "REASON"}
	rows := [][]string{{"日本語", "OK", "表は幅が広い文字でも揃います"}, {"cafe\u0301", "失敗", "fine"}, {"👩‍💻👍🏽", "OK", "🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀"}, {"plain", "OK", ""}}
	for name, tt := range map[string]struct {
		width int
		want  string
	}{
		"a pipe": {0, `
NAME    STATE  REASON
日本語  OK     表は幅が広い文字でも揃います
café    失敗   fine
👩‍💻👍🏽    OK     🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀
plain   OK
`},
		"a narrow terminal": {36, `
NAME    STATE  REASON
日本語  OK     表は幅が広い文字でも…
café    失敗   fine
👩‍💻👍🏽    OK     🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀…
plain   OK
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			io := terminal.IO{Out: &out, Width: tt.width}
			io.Table(header, rows)
			if d := cmp.Diff(strings.ReplaceAll(tt.want, `\u0301`, "\u0301"), "\n"+out.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// Colours take no columns, and end where a cell is clipped.
func TestTableOfColours(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	io := terminal.IO{Out: &out, OutTTY: true, Color: true, Width: 28}
	io.Table([]string{"A", "B"}, [][]string{{io.OutStyle().Green("one"), io.OutStyle().Red("a long red text")}, {"fifteen letters", ""}})
	if text := out.String(); !strings.Contains(text, "\x1b[32mone\x1b[0m              \x1b[31ma long red…\x1b[0m\n") {
		t.Errorf("got %q", text)
	}
}
