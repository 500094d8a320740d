// Package data measures ephemr generate against DuckDB, which writes the same
// columns: time, CPU time and memory of programs that run in turn.
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
var script string

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
		b, err := peer(ctx, root, rows, filepath.Join(dir, "duckdb"+strconv.Itoa(i)+".parquet"))
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
func generate(ctx context.Context, root string, rows int, target string) (u Usage, err error) {
	cmd := exec.CommandContext(ctx, filepath.Join(root, "dist", "bin", "ephemr"), "generate", "orders", //nolint:gosec // our own binary
		"--rows", strconv.Itoa(rows), "--nulls", "1%", "-o", target)
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return u, fmt.Errorf("ephemr generate: %w\n%s", err, out)
	}
	s := cmd.ProcessState
	return Usage{Took: trace.Seconds(time.Since(began)), CPU: trace.Seconds(s.UserTime() + s.SystemTime()), Peak: peak(s)}, nil
}

// peer is the statement only.
func peer(ctx context.Context, root string, rows int, target string) (u Usage, err error) {
	cmd := exec.CommandContext(ctx, filepath.Join(root, ".tools", "venv", "bin", "python"), "-c", script, //nolint:gosec // our own script
		strconv.Itoa(rows), strconv.Itoa(runtime.GOMAXPROCS(0)), target)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return u, fmt.Errorf("DuckDB: %w", err)
	}
	var took, cpu float64
	if _, err := fmt.Sscan(string(out), &took, &cpu, &u.Peak); err != nil {
		return u, fmt.Errorf("DuckDB printed %q: %w", out, err)
	}
	u.Took, u.CPU, u.Peak = seconds(took), seconds(cpu), u.Peak<<10
	return u, nil
}

func seconds(s float64) trace.Seconds { return trace.Seconds(s * float64(time.Second)) }

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
