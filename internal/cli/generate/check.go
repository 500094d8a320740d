package generate

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/generate"
)

// text is the value of a flag that is checked with all others.
type text struct {
	given string
	kind  string
}

func whole(s string) text   { return text{s, "int"} }
func number(s string) text  { return text{s, "float"} }
func percent(s string) text { return text{s, "percent"} }

func (t *text) String() string     { return t.given }
func (t *text) Set(s string) error { t.given = s; return nil }

// Type is the name of the value in the help.
func (t *text) Type() string { return t.kind }

const (
	mostWorkers = 8 // by default: each needs up to 30 MB

	maxDays     = 3660
	maxFileRows = 100_000_000 // a file has at most 10,000 parts of 5 MiB
	maxWorkers  = 64
	maxSkew     = 10
)

// spec checks all options and reports everything that is wrong with them.
func (o Options) spec() (generate.Spec, error) {
	c := &checks{}
	s := generate.Spec{Dataset: o.Dataset, Format: o.Format}
	if !slices.Contains(generate.Datasets(), o.Dataset) {
		c.wrong("dataset", o.Dataset, "use "+oneOf(generate.Datasets()))
	}
	c.target(o.Target)
	s.Rows = c.whole("rows", o.Rows, 1, generate.MaxRows)
	s.Seed = uint64(c.whole("seed", o.Seed, 0, math.MaxInt64)) //nolint:gosec // not negative
	s.Days = int(c.whole("days", o.Days, 1, maxDays))
	s.FileRows = c.whole("file-rows", o.FileRows, 1, maxFileRows)
	s.Workers = c.workers(o.Workers)
	s.Nulls = c.percent("nulls", o.Nulls)
	s.Duplicates = c.percent("duplicates", o.Duplicates)
	s.Late = c.percent("late", o.Late)
	s.Skew = c.skew(o.Skew)
	if !slices.Contains(generate.Formats(), o.Format) {
		c.wrong("--format", o.Format, "use "+oneOf(generate.Formats()))
	}
	from, err := time.Parse(time.DateOnly, o.From)
	if err != nil || from.Year() < 1971 {
		c.wrong("--from", o.From, "use a date from 1971-01-01 on, such as 2026-01-31")
	}
	s.From = from
	if err := errors.Join(c.errs...); err != nil {
		return s, exit.Usage("%w", err)
	}
	return s, nil
}

type checks struct{ errs []error }

func (c *checks) wrong(what, given, want string) {
	c.errs = append(c.errs, fmt.Errorf("invalid %s %q: %s", what, given, want))
}

func (c *checks) target(t string) {
	rest, remote := strings.CutPrefix(t, "s3://")
	bucket, _, _ := strings.Cut(rest, "/")
	switch {
	case t == "":
		c.errs = append(c.errs, errors.New("no target; use -o with a directory or s3://BUCKET/PREFIX"))
	case remote && bucket == "", !remote && strings.Contains(t, "://"):
		c.wrong("--output", t, "use a directory or s3://BUCKET/PREFIX")
	case t == session.FormatJSON, t == session.FormatTable:
		c.wrong("--output", t, "here it is where files are written; use --json for a report in JSON, or ./"+t+" for a directory")
	}
}

func (c *checks) whole(flag string, t text, least, most int64) int64 {
	if t.given == "" {
		c.errs = append(c.errs, fmt.Errorf("--%s is required", flag))
		return 0
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(t.given, "_", ""), 10, 64)
	if err != nil || n < least || n > most {
		c.wrong("--"+flag, t.given, fmt.Sprintf("use a whole number from %d to %d", least, most))
	}
	return n
}

// workers is one for each CPU by default. The help must not depend on the machine.
func (c *checks) workers(t text) int {
	if t.given == "" {
		return min(runtime.GOMAXPROCS(0), mostWorkers)
	}
	return int(c.whole("workers", t, 1, maxWorkers))
}

func (c *checks) percent(flag string, t text) float64 {
	digits, ok := strings.CutSuffix(t.given, "%")
	n, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(n >= 0 && n <= 100) { // also of NaN
		c.wrong("--"+flag, t.given, "use a percentage from 0% to 100%, such as 0.5%")
	}
	return n / 100
}

func (c *checks) skew(t text) float64 {
	n, err := strconv.ParseFloat(t.given, 64)
	if err != nil || !(n >= 0 && n <= maxSkew) {
		c.wrong("--skew", t.given, fmt.Sprintf("use a number from 0 to %d, such as 1.2", maxSkew))
	}
	return n
}

func oneOf(names []string) string {
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}
