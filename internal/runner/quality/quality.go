// Package quality checks datasets of Parquet files in S3 against expectations.
// It reads footers, and columns only if the footers are not sufficient.
package quality

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/job"
)

// S3API is what checks need of S3.
type S3API = dataset.S3API

// MaxUnique is how many rows a unique expectation compares unless a Checker
// says otherwise: 16 bytes of memory each.
const MaxUnique = 20_000_000

// Checker executes checks.
type Checker struct {
	S3        S3API
	Now       func() time.Time
	Began     time.Time // of the run
	MaxUnique int       // rows; 0 = MaxUnique
}

// Report is the outcome of checks.
type Report struct {
	Findings []job.Finding
	Outputs  map[string]string // rows of the dataset, or rows.1, rows.2, … of several
}

// Failed counts the findings that are not as expected.
func (r Report) Failed() (n int) {
	for _, f := range r.Findings {
		if !f.OK {
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

// Run executes checks in their order. An error means that they could not be
// executed; data that is not as expected is a Finding.
func (c *Checker) Run(ctx context.Context, checks []job.Check) (Report, error) {
	for _, check := range checks {
		if err := Validate(check); err != nil {
			return Report{}, err
		}
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
		if !onlyWritten(check) {
			r.Outputs[key] = strconv.FormatInt(rows, 10)
		}
	}
	return r, nil
}

// check validates one dataset. The first finding is about its files: an empty or
// unreadable dataset is not checked further.
func (c *Checker) check(ctx context.Context, check job.Check) ([]job.Finding, int64, error) {
	say := func(expect string, found verdict) job.Finding {
		return job.Finding{Dataset: check.Address(), Expect: expect, Found: found.text, OK: found.ok}
	}
	if onlyWritten(check) {
		d, err := c.list(ctx, check.Address())
		if err != nil {
			return nil, 0, err
		}
		return []job.Finding{say(c.writtenBy(), d.written(c.Began))}, 0, nil
	}
	d, err := c.open(ctx, check.Address())
	if err != nil {
		return nil, 0, err
	}
	const readable = "readable Parquet files"
	if len(d.files) == 0 {
		return []job.Finding{say(readable, bad("no files"))}, 0, nil
	}
	if d.broken != "" {
		return []job.Finding{say(readable, bad("%s", d.broken))}, 0, nil
	}
	findings := []job.Finding{say(readable, good("%d files, %d bytes", len(d.files), d.bytes()))}
	for _, e := range c.expectations(check) {
		found, err := e.look(ctx, c, d)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", e.text, err)
		}
		findings = append(findings, say(e.text, found))
	}
	return findings, d.rows(), nil
}
