// Package quality evaluates checks on datasets in S3: by the listing of the files, by
// the footers of Parquet files, and by reading values only if these are not sufficient.
package quality

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/expectation"
	"ephemr/internal/job"
	"ephemr/internal/snapshot"
)

// S3API is what checks need of S3.
type S3API = dataset.S3API

// MaxUnique is how many different values are compared unless a Checker says otherwise:
// up to 32 bytes of memory each.
const MaxUnique = 20_000_000

// Checker executes checks.
type Checker struct {
	S3        S3API
	Now       func() time.Time
	Began     time.Time // of the run
	MaxUnique int       // values; 0 = MaxUnique

	OnlyFooters bool // values are not read
	Data        Data // nil = all of S3

	Catalog snapshot.Catalog // of Iceberg tables, for a nil Data; nil = none
	Branch  string           // of Iceberg tables that have it, for a nil Data

	branched []string // snapshots of Branch that were read
}

// Report is the outcome of checks.
type Report struct {
	Findings []job.Finding
	Outputs  map[string]string // rows of the dataset, or rows.1, rows.2, … of several
}

// Failed counts the findings that fail a run.
func (r Report) Failed() (n int) {
	for _, f := range r.Findings {
		if f.Failed() {
			n++
		}
	}
	return n
}

// InvalidError is an invalid check.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *InvalidError) Unwrap() error { return e.Err }

func invalid(format string, args ...any) error {
	return &InvalidError{fmt.Errorf(format, args...)}
}

// Validate returns the mistakes of a check as an InvalidError, without reading data.
func Validate(check job.Check) error {
	if err := expectation.Validate(check); err != nil {
		return &InvalidError{err}
	}
	return nil
}

// Run executes checks in their order. An error means that they could not be
// executed; data that is not as expected is a Finding.
func (c *Checker) Run(ctx context.Context, checks []job.Check) (Report, error) {
	var errs []error
	for _, check := range checks {
		errs = append(errs, Validate(check))
	}
	if err := errors.Join(errs...); err != nil {
		return Report{}, err
	}
	r := Report{Outputs: map[string]string{}}
	for i, check := range checks {
		findings, rows, err := c.check(ctx, check)
		if err != nil {
			return Report{}, fmt.Errorf("check %s: %w", check.Dataset, err)
		}
		r.Findings = append(r.Findings, findings...)
		key := "rows"
		if len(checks) > 1 {
			key += "." + strconv.Itoa(i+1)
		}
		if rows >= 0 {
			r.Outputs[key] = strconv.FormatInt(rows, 10)
		}
	}
	return r, nil
}

// Snapshots are those of the branch that were read.
func (c *Checker) Snapshots() []string {
	slices.Sort(c.branched)
	return slices.Compact(c.branched)
}

func (c *Checker) maxUnique() int {
	if c.MaxUnique > 0 {
		return c.MaxUnique
	}
	return MaxUnique
}

// check evaluates one check and returns the number of rows, -1 if it is not known. The
// first finding is about the files: an empty or unreadable dataset is not checked further.
func (c *Checker) check(ctx context.Context, check job.Check) ([]job.Finding, int64, error) {
	f, err := c.open(ctx, check)
	if why := unevaluated(err); why != "" {
		return []job.Finding{{Dataset: check.Dataset, Expect: "readable files", Found: why, Warn: check.Severity == job.SeverityWarn, Source: job.SourceListing}}, -1, nil
	}
	if err != nil {
		return nil, 0, err
	}
	all, err := c.expectations(check)
	if err != nil {
		return nil, 0, err
	}
	files := c.readable(check, f)
	if !files.OK && len(f.objects) == 0 {
		return []job.Finding{files}, 0, nil
	}
	if !files.OK {
		return []job.Finding{files}, -1, nil
	}
	findings := []job.Finding{files}
	rows, err := c.evaluate(ctx, check, f, all)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range all {
		findings = append(findings, e.finding(check))
	}
	return findings, rows, nil
}

// readable is the finding about the files.
func (c *Checker) readable(check job.Check, f *files) job.Finding {
	found := job.Finding{Dataset: check.Dataset, Expect: f.expect(), Source: f.source(), Bytes: f.bytesRead, Seconds: f.seconds}
	switch {
	case len(f.objects) == 0:
		found.Found = "no files"
	case onFiles(check):
	case c.OnlyFooters && f.format != "" && f.summary == nil:
		found.Found = "files are " + f.format + ", which have no footers; set format, so that they are read on the cluster"
	default:
		found.Found = f.problem()
	}
	if onFiles(check) {
		found.Expect = "has files"
	}
	if found.OK = found.Found == ""; found.OK {
		found.Found = fmt.Sprintf("%d files, %d bytes", len(f.objects), f.bytes())
		if f.table != nil {
			found.Found += ", " + f.table.String()
		}
	}
	found.Warn = !found.OK && check.Severity == job.SeverityWarn
	return found
}

// evaluate decides all expectations: those that are known without reading first.
func (c *Checker) evaluate(ctx context.Context, check job.Check, f *files, all []*expected) (rows int64, err error) {
	var open []*expected
	for _, e := range all {
		if err := e.look(ctx, f); err != nil && !e.excuse(err) {
			return 0, err
		}
		if !e.decided {
			open = append(open, e)
		}
	}
	rows = -1
	if f.summary != nil && check.Where == "" {
		rows = f.summary.Rows
	}
	if len(open) == 0 && (rows >= 0 || onFiles(check)) {
		return rows, nil
	}
	return c.decide(ctx, check, f, open, rows)
}

// decide decides the expectations that are open by reading, if values may be read.
func (c *Checker) decide(ctx context.Context, check job.Check, f *files, open []*expected, rows int64) (int64, error) {
	if c.OnlyFooters {
		for _, e := range open {
			e.excuse(invalid("the footers do not decide it"))
		}
		return rows, nil
	}
	s, err := c.scan(ctx, check, f, open)
	if err != nil {
		return 0, err
	}
	if s.incomplete {
		return -1, nil
	}
	return s.rows, nil
}
