// Package data measures ephemr generate and checks against programs that do the same with
// the same files: time, CPU time and memory of programs that run in turn.
package data

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"ephemr/internal/proof/bench/trace"
)

//go:embed duckdb.py
var duckdbScript string

// rounds is how often each program runs; the medians count.
const rounds = 3

// Report holds the medians of both programs.
type Report struct {
	Rows   int     `json:"rows"`
	Ours   Usage   `json:"ours"`
	DuckDB Usage   `json:"duckdb"`
	Ratio  float64 `json:"ratio"` // of our time to DuckDB's
}

// Usage is what one execution took.
type Usage struct {
	Took trace.Seconds `json:"took"`
	CPU  trace.Seconds `json:"cpu"`
	Peak int64         `json:"peak"` // bytes resident
}

// Measure runs both programs in turn. Root is a checkout with its tools and programs.
func Measure(ctx context.Context, root string, rows int, log io.Writer) (r Report, err error) {
	dir, err := os.MkdirTemp("", "ephemr-bench-data-")
	if err != nil {
		return r, fmt.Errorf("make directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var ours, duckdb []Usage
	for i := range rounds {
		_, _ = fmt.Fprintf(log, "data: %d rows by ephemr and by DuckDB, round %d of %d\n", rows, i+1, rounds)
		a, err := generate(ctx, root, rows, filepath.Join(dir, "ephemr"+strconv.Itoa(i)))
		if err != nil {
			return r, err
		}
		target := filepath.Join(dir, "duckdb"+strconv.Itoa(i)+".parquet")
		b, err := script(ctx, root, "venv", duckdbScript, strconv.Itoa(rows), strconv.Itoa(runtime.GOMAXPROCS(0)), target)
		if err != nil {
			return r, err
		}
		ours, duckdb = append(ours, a), append(duckdb, b)
	}
	r = Report{Rows: rows, Ours: median(ours), DuckDB: median(duckdb)}
	r.Ratio = float64(r.Ours.Took) / float64(r.DuckDB.Took)
	return r, nil
}

// generate is the whole program with its start.
func generate(ctx context.Context, root string, rows int, target string, more ...string) (u Usage, err error) {
	args := append([]string{"generate", "orders", "--rows", strconv.Itoa(rows), "--nulls", "1%", "-o", target}, more...)
	cmd := exec.CommandContext(ctx, filepath.Join(root, "dist", "bin", "ephemr"), args...) //nolint:gosec // our own binary
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return u, fmt.Errorf("ephemr generate: %w\n%s", err, out)
	}
	s := cmd.ProcessState
	return Usage{Took: trace.Seconds(time.Since(began)), CPU: trace.Seconds(s.UserTime() + s.SystemTime()), Peak: peak(s)}, nil
}

func median(all []Usage) Usage {
	of := func(value func(Usage) int64) int64 {
		var values []int64
		for _, u := range all {
			values = append(values, value(u))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return Usage{
		Took: trace.Seconds(of(func(u Usage) int64 { return int64(u.Took) })),
		CPU:  trace.Seconds(of(func(u Usage) int64 { return int64(u.CPU) })),
		Peak: of(func(u Usage) int64 { return u.Peak }),
	}
}
