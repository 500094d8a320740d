package job

import "strings"

// Check is what is expected of a dataset, already templated.
type Check struct {
	Dataset   string `json:"dataset" jsonschema:"required"`                                  // s3://bucket/prefix/
	Partition string `json:"partition,omitempty"`                                            // folders below dataset, e.g. dt=2026-11-30: must have files, and only these are checked
	Format    string `json:"format,omitempty" jsonschema:"enum=parquet,enum=csv,enum=jsonl"` // of the files; default: as their names end
	Where     string `json:"where,omitempty"`                                                // expression that selects the rows that are checked, e.g. status == "paid" and amount > 0
	AtMost    string `json:"atMost,omitempty"`                                               // how many of the rows may differ from an expectation on values: 0.5% or 10; default none
	Severity  string `json:"severity,omitempty" jsonschema:"enum=fail,enum=warn"`            // of what is not as expected; default fail

	Rows        string            `json:"rows,omitempty"`                            // comparison, e.g. ">= 1000"
	Columns     map[string]string `json:"columns,omitempty"`                         // name -> type (string int long double boolean date timestamp …)
	OnlyColumns bool              `json:"onlyColumns,omitempty"`                     // there are no other columns than those of columns
	NotNull     []string          `json:"notNull,omitempty"`                         // columns
	Unique      []string          `json:"unique,omitempty"`                          // columns whose values together are unique
	Freshness   string            `json:"freshness,omitempty"`                       // maximum age of the newest object, e.g. 36h
	FreshnessOf map[string]string `json:"freshnessOf,omitempty"`                     // column -> maximum age of its latest date or time
	Files       string            `json:"files,omitempty"`                           // comparison with the number of files
	FileSize    string            `json:"fileSize,omitempty"`                        // comparison that the size of each file must meet, e.g. "<= 1GB"
	WrittenBy   string            `json:"writtenBy,omitempty" jsonschema:"enum=run"` // run: the newest object is not older than the run

	Accepted      map[string][]string  `json:"accepted,omitempty"`      // column -> values
	Relationships map[string]Reference `json:"relationships,omitempty"` // column -> column of another dataset that has its values
	Range         map[string]Bounds    `json:"range,omitempty"`         // column -> smallest and greatest value, by the column's type
	Pattern       map[string]string    `json:"pattern,omitempty"`       // column -> regular expression that the whole value matches
	Length        map[string]Bounds    `json:"length,omitempty"`        // column -> smallest and greatest number of characters
	Reconcile     *Reconcile           `json:"reconcile,omitempty"`     // comparison with another dataset
	Drift         *Drift               `json:"drift,omitempty"`         // from earlier runs of the pipeline

	SQL  string `json:"sql,omitempty"`  // query of the rows that are wrong, which Athena runs after the run's other checks; none is expected
	Name string `json:"name,omitempty"` // of sql in messages; default: its beginning
}

// OnAthena reports whether Athena decides the check.
func (c Check) OnAthena() bool { return c.SQL != "" }

// Looks reports whether the check is decided by looking at the files of its dataset.
func (c Check) Looks() bool { return !c.OnAthena() && !c.OnlyDrift() }

// Address is the address of the files that c is about.
func (c Check) Address() string {
	if c.Partition == "" {
		return c.Dataset
	}
	return strings.TrimRight(c.Dataset, "/") + "/" + strings.Trim(c.Partition, "/") + "/"
}

// Bounds are the least and the greatest value; "" = none.
type Bounds struct {
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
}

// Reference is a column of another dataset.
type Reference struct {
	Dataset string `json:"dataset" jsonschema:"required"` // s3://bucket/prefix/
	Column  string `json:"column" jsonschema:"required"`
}

// Reconcile compares with another dataset.
type Reconcile struct {
	Dataset   string `json:"dataset" jsonschema:"required"` // s3://bucket/prefix/
	Sum       string `json:"sum,omitempty"`                 // column whose sum is compared in both; default: the rows are
	Tolerance string `json:"tolerance,omitempty"`           // of the other's value: 0.1% or a number; default none
}

// WrittenByRun is the value of Check.WrittenBy.
const WrittenByRun = "run"

// Values of Check.Severity.
const (
	SeverityFail = "fail"
	SeverityWarn = "warn"
)

// Values of Check.Format.
const (
	FormatParquet = "parquet"
	FormatCSV     = "csv"
	FormatJSONL   = "jsonl"
	FormatORC     = "orc" // of which only footers are read
)

// Formats are the values of Check.Format.
var Formats = []string{FormatParquet, FormatCSV, FormatJSONL, FormatORC}

// Finding is the outcome of one expectation of a Check.
type Finding struct {
	Dataset string `json:"dataset"`
	Expect  string `json:"expect"` // e.g. "rows >= 1000"
	Found   string `json:"found"`  // e.g. "412 rows in 3 files"
	OK      bool   `json:"ok"`
	Warn    bool   `json:"warn,omitempty"` // what is not as expected does not fail the run

	Source  string  `json:"source,omitempty"`  // where it was found
	Bytes   int64   `json:"bytes,omitempty"`   // that were read
	Seconds float64 `json:"seconds,omitempty"` // that it took

	Samples []Sample `json:"samples,omitempty"` // rows that are not as expected; at most MaxSamples
}

// Failed reports whether the finding fails its run.
func (f Finding) Failed() bool { return !f.OK && !f.Warn }

// Verdict is ok, warning or FAILED.
func (f Finding) Verdict() string {
	switch {
	case f.OK:
		return "ok"
	case f.Warn:
		return "warning"
	}
	return "FAILED"
}

// Values of Finding.Source.
const (
	SourceListing = "listing" // the names, sizes and times of the files
	SourceFooter  = "footer"  // footers of Parquet files
	SourceRead    = "read"    // the values
	SourceAthena  = "athena"  // the result of a query
)

// MaxSamples is the number of rows that a Finding shows.
const MaxSamples = 20

// Sample is a row that is not as expected.
type Sample struct {
	File   string            `json:"file"`
	Row    int64             `json:"row"`    // of the file, from 1
	Values map[string]string `json:"values"` // of the columns that were read; clipped, and without those that are null
}
