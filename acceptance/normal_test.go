package acceptance_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// numbered are names that are new each time; the first of a kind becomes 1.
var numbered = []struct {
	label string
	found *regexp.Regexp
}{
	{"RUN", regexp.MustCompile(`\b[a-z][a-z0-9-]*-\d{8}T\d{4}-[0-9a-f]{8}([0-9a-f]{12})?\b`)},
	{"CLUSTER", regexp.MustCompile(`\bj-[0-9A-Z]{10,}\b`)},
	{"STEP", regexp.MustCompile(`\bs-[0-9A-Z]{10,}\b`)},
	{"REQUEST", regexp.MustCompile(`\bcli-[a-z2-7]{26}\b`)},
	{"BACKFILL", regexp.MustCompile(`\b\d{8}t\d{6}-[a-z0-9-]+-[0-9a-f]{6}\b`)},
	{"QUERY", regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)},
	{"DIGEST", regexp.MustCompile(`\b[0-9a-f]{64}\b`)},
}

const duration = `(\d+\.\ds|\d+m\d\ds|\d+h\d\dm|\d+d\d\dh)`

// replaced are times, durations, costs and addresses.
var replaced = []struct {
	found *regexp.Regexp
	with  string
}{
	{regexp.MustCompile(`(?m)^.*(waiting for .* to be recorded|cannot read .*, retrying)\n`), ""}, // a slow machine's
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?`), "[TIME]"},
	{regexp.MustCompile(`\[ *` + duration + `\]`), "[AFTER]"},
	{regexp.MustCompile(`\b` + duration + `( ago)?\b`), "[TOOK]$2"},
	{regexp.MustCompile(`(about|less than) \d+\.\d+ USD`), "about [USD]"},
	{regexp.MustCompile(`\d+\.\d+ USD`), "[USD]"},
	{regexp.MustCompile(`\b\d+(\.\d+)? (B|[KMG]iB)\b`), "[SIZE]"},
	{regexp.MustCompile(`("size": )\d+`), "$1[SIZE]"},
	{regexp.MustCompile(`("costUsd": )[0-9.e-]+`), "$1[USD]"},
	{regexp.MustCompile(`("cost": )\{[^}]*\}`), "$1[COST]"},
	{regexp.MustCompile(`("price": )\{[^}]*\}`), "$1[PRICE]"},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "[ENDPOINT]"},
	{regexp.MustCompile(`ephemr \S+ \((commit [0-9a-f]+, )?go[0-9.]+, \w+/\w+\)`), "ephemr [VERSION]"},
	{regexp.MustCompile(`(\S) {2,}`), "$1  "}, // columns are as wide as what was replaced
}

// normal is text without what differs from one time to the next.
func (s script) normal(text string) string { return normal(text, s.name) }

func normal(text, name string) string {
	for _, n := range numbered {
		seen := map[string]int{}
		text = n.found.ReplaceAllStringFunc(text, func(id string) string {
			if seen[id] == 0 {
				seen[id] = len(seen) + 1
			}
			return fmt.Sprintf("[%s%d]", n.label, seen[id])
		})
	}
	text = strings.ReplaceAll(text, name, "[NAME]")
	for _, r := range replaced {
		text = r.found.ReplaceAllString(text, r.with)
	}
	return text
}

func TestNormal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"adhoc-x-1-20261122T0102-0a1b2c3d x-1-20261122T0102-0a1b2c3e adhoc-x-1-20261122T0102-0a1b2c3d": "[RUN1] [RUN2] [RUN1]",
		"[  0.3s] cluster j-0123456789ABC ready after 1m02s":                                           "[AFTER] cluster [CLUSTER1] ready after [TOOK]",
		"RUN         TOOK    COST\nx-1   1h02m  0.0123 USD":                                            "RUN  TOOK  COST\n[NAME]  [TOOK]  [USD]",
		"requested  2026-11-22 01:02:03Z  +0.1s":                                                       "requested  [TIME]  +[TOOK]",
		`"endedAt": "2026-11-22T01:02:03.123456Z"`:                                                     `"endedAt": "[TIME]"`,
		"[  4.0s] waiting for run x to be recorded\nnext":                                              "next",
		"run SUCCEEDED after 2.5s, less than 0.01 USD":                                                 "run SUCCEEDED after [TOOK], about [USD]",
		"  two spaces at the front   and three further on":                                             "  two spaces at the front  and three further on",
		"give 1s to 168h":                       "give 1s to 168h",
		"a: 1 file, 161 B, a: 2 files, 1.5 MiB": "a: 1 file, [SIZE], a: 2 files, [SIZE]",
	} {
		if got := normal(text, "x-1"); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
