// Package expectation is the vocabulary of checks: it finds the mistakes of a check
// before any data is read, and gives its expectations as text and as values that can
// be compared. Package quality evaluates them.
package expectation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ephemr/internal/job"
)

// Fault is a mistake in a check: where it is below the check, by keys and indexes, and
// what to do about it.
type Fault struct {
	Path []any // string or int
	Msg  string
}

// Faults returns the mistakes of a check. Values that are templates are left for when
// they are filled in: templates says that there may be any.
func Faults(c job.Check, templates bool) []Fault {
	f := &finder{check: c, templates: templates}
	if c.OnAthena() {
		f.query()
		return f.found
	}
	f.address(c.Dataset, "dataset")
	f.options()
	f.files()
	f.columns()
	f.values()
	f.others()
	f.purpose()
	if c.Name != "" {
		f.add(at("name"), "only a check with sql has a name; remove it")
	}
	return f.found
}

// Validate returns the mistakes of a check that is filled in, as one error.
func Validate(c job.Check) error {
	faults := Faults(c, false)
	if len(faults) == 0 {
		return nil
	}
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = strings.TrimPrefix(f.path()+": "+f.Msg, ": ")
	}
	return fmt.Errorf("check %s: %s", c.Dataset, strings.Join(texts, "; "))
}

func (f Fault) path() string {
	var b strings.Builder
	for _, part := range f.Path {
		if i, ok := part.(int); ok {
			fmt.Fprintf(&b, "[%d]", i)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, part)
	}
	return b.String()
}

// finder collects the faults of a check.
type finder struct {
	check     job.Check
	templates bool
	found     []Fault
}

func (f *finder) add(path []any, format string, args ...any) {
	f.found = append(f.found, Fault{path, fmt.Sprintf(format, args...)})
}

func at(path ...any) []any { return path }

// later reports whether the value is not known yet.
func (f *finder) later(value string) bool { return f.templates && strings.Contains(value, "{{") }

// try adds the error of a function that parses a value.
func (f *finder) try(path []any, value string, parse func(string) error) {
	if value == "" || f.later(value) {
		return
	}
	if err := parse(value); err != nil {
		f.add(path, "%v", err)
	}
}

var addressForm = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/|$)`)

// address checks the address of a dataset, which may begin with a template.
func (f *finder) address(address string, path ...any) {
	switch {
	case address == "":
		f.add(path, "the check has no dataset; add its address (example: s3://bucket/prefix/)")
	case f.later(address):
		if !strings.HasPrefix(address, "s3://") && !strings.HasPrefix(address, "{{") {
			f.add(path, "invalid dataset %q: must begin with s3:// or {{.Lake.<zone>}}/", address)
		}
	case !addressForm.MatchString(address):
		f.add(path, "invalid dataset %q (example: s3://bucket/prefix/)", address)
	}
}

// options are the keys that say how the others are evaluated.
func (f *finder) options() {
	f.oneOf("format", f.check.Format, job.Formats)
	if f.check.Format == job.FormatORC && readsValues(f.check) {
		f.add(at("format"), "values of ORC are not read: its footers decide rows, columns, and notNull and range of whole columns; leave out the other expectations, or write Parquet")
	}
	f.oneOf("severity", f.check.Severity, []string{job.SeverityFail, job.SeverityWarn})
	if w := f.check.WrittenBy; w != "" && w != job.WrittenByRun {
		f.add(at("writtenBy"), "unknown writer %q; use run: the data must not be older than the run", w)
	}
	f.try(at("partition"), f.check.Partition, validPartition)
	f.try(at("atMost"), f.check.AtMost, func(s string) error { _, err := ParseShare(s); return err })
	f.try(at("where"), f.check.Where, func(s string) error { _, err := ParseWhere(s); return err })
}

// readsValues reports whether footers never decide the check.
func readsValues(c job.Check) bool {
	return c.Where != "" || len(c.Unique)+len(c.Accepted)+len(c.Relationships)+len(c.Pattern)+len(c.Length) > 0
}

func (f *finder) oneOf(key, value string, allowed []string) {
	if value != "" && !slices.Contains(allowed, value) {
		f.add(at(key), "unknown %s %q; use one of %s", key, value, strings.Join(allowed, ", "))
	}
}

func (f *finder) files() {
	c := f.check
	whole := func(s string) error { _, err := ParseComparison(s); return err }
	f.try(at("rows"), c.Rows, whole)
	f.try(at("files"), c.Files, whole)
	f.try(at("fileSize"), c.FileSize, func(s string) error { _, err := ParseSize(s); return err })
	f.try(at("freshness"), c.Freshness, func(s string) error { _, err := ParseAge(s); return err })
}

// purpose reports a check that expects nothing, and options that have no effect.
func (f *finder) purpose() {
	c := f.check
	onRows := onRows(c)
	switch {
	case !onRows && len(c.Columns) == 0 && c.Drift == nil && c.Partition+c.Files+c.FileSize+c.Freshness+c.WrittenBy == "":
		f.add(nil, "the check has no expectation; add one of %s", strings.Join(Names, ", "))
	case c.Where != "" && !onRows:
		f.add(at("where"), "where selects rows, but the check expects nothing of rows; remove it, or add rows, notNull or another")
	case c.AtMost != "" && !OnValues(c):
		f.add(at("atMost"), "atMost is how many rows may differ from notNull, unique, accepted, relationships, range, pattern or length; add one of them")
	}
	if c.OnlyColumns && len(c.Columns) == 0 {
		f.add(at("onlyColumns"), "onlyColumns needs columns: it allows no column that is not among them")
	}
}

func onRows(c job.Check) bool {
	return OnValues(c) || c.Rows != "" || c.Reconcile != nil || len(c.FreshnessOf) > 0
}

// Names are the keys that expect something.
var Names = []string{
	"rows", "columns", "notNull", "unique", "accepted", "relationships", "range", "pattern", "length",
	"freshness", "freshnessOf", "files", "fileSize", "partition", "reconcile", "drift", "writtenBy", "sql",
}

// ByFooters reports whether listings and footers of Parquet files always decide the check.
// They often decide notNull and range too, but not if a writer has left out statistics.
func ByFooters(c job.Check) bool {
	return !OnValues(c) && c.Reconcile == nil && len(c.FreshnessOf) == 0 && c.Where == "" && HasFooters(c.Format)
}

// HasFooters reports whether files of a format have statistics in their footers. The format of
// files is found by their names if it is "".
func HasFooters(format string) bool {
	return format == "" || format == job.FormatParquet || format == job.FormatORC
}

// OnValues reports whether the check expects something of each row's values.
func OnValues(c job.Check) bool {
	return len(c.NotNull)+len(c.Unique)+len(c.Accepted)+len(c.Relationships)+len(c.Range)+len(c.Pattern)+len(c.Length) > 0
}
