package data

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/proof/bench/trace"
	"ephemr/internal/quality"
)

//go:embed checks.py
var checksScript string

//go:embed expectations.py
var expectationsScript string

// Checked holds the medians of checks of all values, by three programs.
type Checked struct {
	Rows         int     `json:"rows"`
	Ours         Usage   `json:"ours"` // without the peak: it is that of the whole process
	DuckDB       Usage   `json:"duckdb"`
	Expectations Usage   `json:"expectations"` // Great Expectations with pandas
	Ratio        float64 `json:"ratio"`        // of our CPU time to DuckDB's
	Wall         float64 `json:"wall"`         // of our time to that of Great Expectations
}

// full is what is expected of every value of orders; none of it can be decided by footers.
func full() job.Check {
	return job.Check{
		Dataset: "s3://bench/orders/", Unique: []string{"order_id"}, AtMost: "5%",
		NotNull:  []string{"order_id", "store_id"},
		Accepted: map[string][]string{"status": {"delivered", "shipped", "paid", "new", "returned"}},
		Range:    map[string]job.Bounds{"amount": {Min: "1.5", Max: "499.5"}, "customer_id": {Min: "2"}, "ordered_at": {Min: "2026-01-01T00:00:01"}},
		Pattern:  map[string]string{"status": "[a-z]+"},
		Length:   map[string]job.Bounds{"status": {Max: "9"}},
	}
}

// MeasureChecks lets all programs check the same files in turn.
func MeasureChecks(ctx context.Context, root string, rows int, log io.Writer) (r Checked, err error) {
	dir, err := os.MkdirTemp("", "ephemr-bench-checks-")
	if err != nil {
		return r, fmt.Errorf("make directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if _, err := generate(ctx, root, rows, filepath.Join(dir, "orders")); err != nil {
		return r, err
	}
	var ours, duckdb, expectations []Usage
	for i := range rounds {
		_, _ = fmt.Fprintf(log, "checks: %d rows by ephemr, DuckDB and Great Expectations, round %d of %d\n", rows, i+1, rounds)
		a, err := check(ctx, dir)
		if err != nil {
			return r, err
		}
		files := filepath.Join(dir, "orders", "*", "*.parquet")
		b, err := script(ctx, root, "venv", checksScript, files, strconv.Itoa(runtime.GOMAXPROCS(0)))
		if err != nil {
			return r, err
		}
		c, err := script(ctx, root, "peers", expectationsScript, files)
		if err != nil {
			return r, err
		}
		ours, duckdb, expectations = append(ours, a), append(duckdb, b), append(expectations, c)
	}
	r = Checked{Rows: rows, Ours: median(ours), DuckDB: median(duckdb), Expectations: median(expectations)}
	r.Ratio = float64(r.Ours.CPU) / float64(r.DuckDB.CPU)
	r.Wall = float64(r.Ours.Took) / float64(r.Expectations.Took)
	return r, nil
}

// check evaluates the checks in this process.
func check(ctx context.Context, dir string) (u Usage, err error) {
	before, began := cpu(), time.Now()
	checker := quality.Checker{S3: folder(dir), Now: time.Now}
	report, err := checker.Run(ctx, []job.Check{full()})
	if err != nil {
		return u, fmt.Errorf("check: %w", err)
	}
	if n := report.Failed(); n > 0 {
		return u, fmt.Errorf("%d of %d checks failed: %v", n, len(report.Findings), report.Findings)
	}
	return Usage{Took: trace.Seconds(time.Since(began)), CPU: trace.Seconds(cpu() - before)}, nil
}

// cpu is the CPU time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
