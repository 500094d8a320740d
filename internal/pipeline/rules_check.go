package pipeline

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"ephemr/internal/job"
)

// ColumnTypes are the types a check may ask of a column, and their synonyms in
// SQL; char, varchar and decimal may have a size. Package quality takes the
// same, but is too heavy to import here.
var ColumnTypes = []string{
	"string", "boolean", "int", "long", "float", "double", "date", "timestamp", "time", "binary", "decimal",
	"varchar", "char", "text", "integer", "smallint", "tinyint", "short", "byte", "bigint", "real", "bool",
	"numeric", "bytes", "uuid", "struct", "list", "array", "map",
}

var (
	rowsPattern    = regexp.MustCompile(`^\s*(>=|<=|>|<|==|=|!=)\s*[0-9][0-9_]{0,17}\s*$`)
	sizedPattern   = regexp.MustCompile(`^(char|varchar|decimal|numeric)\([0-9]+(, ?[0-9]+)?\)$`)
	datasetPattern = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/|$)`)
)

func (r *rules) checks() {
	all := root("checks")
	r.atMost(all, "checks", len(r.spec.Checks), maxChecks)
	for i, c := range r.spec.Checks {
		p := all.index(i)
		if r.isTainted(p) {
			continue
		}
		check(p, c, r.fault)
	}
}

// report records a fault at a path.
type report func(p *place, format string, args ...any)

// check applies the rules to a check, whose fields may still be templates; what
// is one is left for when it is filled in.
func check(p *place, c job.Check, fault report) {
	checkDataset(p.key("dataset"), "check", c.Dataset, fault)
	checkPartition(p.key("partition"), c.Partition, fault)
	if c.Rows != "" && !isTemplate(c.Rows) && !rowsPattern.MatchString(c.Rows) {
		fault(p.key("rows"), "invalid comparison %q: use one of >= <= > < = != and a number (example: \">= 1000\")", c.Rows)
	}
	if c.Freshness != "" && !isTemplate(c.Freshness) {
		if d, err := time.ParseDuration(c.Freshness); err != nil || d <= 0 {
			fault(p.key("freshness"), "invalid duration %q (examples: 90m, 24h)", c.Freshness)
		}
	}
	checkExpectations(p, c, fault)
	checkColumns(p, c, fault)
	checkDrift(p.key("drift"), c.Drift, fault)
	if c.Severity != "" && c.Severity != job.SeverityFail && c.Severity != job.SeverityWarn {
		fault(p.key("severity"), "unknown severity %q; use warn or fail", c.Severity)
	}
}

func checkExpectations(p *place, c job.Check, fault report) {
	if c.WrittenBy != "" && c.WrittenBy != job.WrittenByRun {
		fault(p.key("writtenBy"), "unknown writer %q; use run: the data must not be older than the run", c.WrittenBy)
	}
	if c.Drift == nil && c.Rows+c.Freshness+c.WrittenBy == "" && len(c.Columns)+len(c.NotNull)+len(c.Unique) == 0 {
		fault(p, "the check has no expectation; add rows, columns, notNull, unique, freshness, writtenBy or drift")
	}
}

// expectedOutput names an entry of a job's expect in messages.
const expectedOutput = "expected output"

// checkDataset applies the rules to the address of what, which may be a template.
func checkDataset(p *place, what, dataset string, fault report) {
	switch {
	case dataset == "":
		fault(p, "the %s has no dataset; add its address (example: s3://bucket/prefix/)", what)
	case !isTemplate(dataset) && !datasetPattern.MatchString(dataset):
		fault(p, "invalid dataset %q (example: s3://bucket/prefix/)", dataset)
	case isTemplate(dataset) && !strings.HasPrefix(dataset, "s3://") && !strings.HasPrefix(dataset, "{{"):
		fault(p, "invalid dataset %q: must begin with s3:// or {{.Lake.<zone>}}/", dataset)
	}
}

func checkColumns(p *place, c job.Check, fault report) {
	for _, name := range sorted(c.Columns) {
		if t := c.Columns[name]; !slices.Contains(ColumnTypes, t) && !sizedPattern.MatchString(t) {
			fault(p.key("columns").key(name), "unknown column type %q; %s", t, didYouMean(closest(t, ColumnTypes), ColumnTypes[:11]))
		}
	}
	checkNames(p.key("notNull"), c.NotNull, fault)
	checkNames(p.key("unique"), c.Unique, fault)
}

func checkNames(p *place, names []string, fault report) {
	for i, name := range names {
		if name == "" || slices.Contains(names[:i], name) {
			fault(p.index(i), "%q is empty or a duplicate; remove it", name)
		}
	}
}

func isTemplate(s string) bool { return strings.Contains(s, "{{") }
