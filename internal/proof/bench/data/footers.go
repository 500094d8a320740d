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
	"strconv"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/footer"
	"ephemr/internal/proof/bench/trace"
)

//go:embed footers.py
var footersScript string

//go:embed usage.py
var usageScript string // begin() and end() of the other scripts

const (
	footerFiles    = 200
	footerFileRows = 10_000
)

// Footers holds the medians of reading the footers of the same files, by both programs.
type Footers struct {
	Files  int     `json:"files"`
	Gets   float64 `json:"gets"` // ranged GETs a file
	Ours   Usage   `json:"ours"`
	DuckDB Usage   `json:"duckdb"`
	Ratio  float64 `json:"ratio"` // of our CPU time to DuckDB's
}

// MeasureFooters lets both programs read the footers of the same files in turn. Program is
// one that calls ReadFooters, with a directory as its last argument.
func MeasureFooters(ctx context.Context, root string, program []string, log io.Writer) (r Footers, err error) {
	dir, err := os.MkdirTemp("", "ephemr-bench-footers-")
	if err != nil {
		return r, fmt.Errorf("make directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if _, err := generate(ctx, root, footerFiles*footerFileRows, filepath.Join(dir, "orders"), "--days", "1", "--file-rows", strconv.Itoa(footerFileRows)); err != nil {
		return r, err
	}
	var ours, duckdb []Usage
	for i := range rounds {
		_, _ = fmt.Fprintf(log, "footers: %d files by ephemr and by DuckDB, round %d of %d\n", footerFiles, i+1, rounds)
		a, err := measured(exec.CommandContext(ctx, program[0], append(program[1:], dir)...), &r.Files, &r.Gets) //nolint:gosec // ourselves
		if err != nil {
			return r, err
		}
		b, err := script(ctx, root, "venv", footersScript, filepath.Join(dir, "orders", "*", "*.parquet"), strconv.Itoa(runtime.GOMAXPROCS(0)))
		if err != nil {
			return r, err
		}
		ours, duckdb = append(ours, a), append(duckdb, b)
	}
	r.Ours, r.DuckDB = median(ours), median(duckdb)
	r.Ratio = float64(r.Ours.CPU) / float64(r.DuckDB.CPU)
	return r, nil
}

// ReadFooters reads the footers of the files in a directory, as ephemr check and CheckData do, and
// prints what MeasureFooters reads.
func ReadFooters(ctx context.Context, dir string, out io.Writer) error {
	before, began := cpu(), time.Now()
	files, err := dataset.List(ctx, folder(dir), dataset.Address{Bucket: "bench", Prefix: "orders/"})
	if err != nil {
		return err
	}
	s, err := footer.Summarize(ctx, files)
	if err != nil {
		return err
	}
	took, spent := time.Since(began), cpu()-before
	most, err := highest()
	if err != nil {
		return err
	}
	if s.Rows != footerFiles*footerFileRows || len(s.Broken) > 0 {
		return fmt.Errorf("%d rows in %d files, broken: %v", s.Rows, s.Files, s.Broken)
	}
	_, err = fmt.Fprintln(out, took.Seconds(), spent.Seconds(), most>>10, s.Files, float64(s.Reads)/float64(s.Files))
	return err
}

// measured executes a program that prints seconds, CPU seconds, KiB of memory, and more.
func measured(cmd *exec.Cmd, more ...any) (u Usage, err error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return u, fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
	}
	var took, spent float64
	if _, err := fmt.Sscan(string(out), append([]any{&took, &spent, &u.Peak}, more...)...); err != nil {
		return u, fmt.Errorf("%s printed %q: %w", filepath.Base(cmd.Path), out, err)
	}
	return Usage{Took: seconds(took), CPU: seconds(spent), Peak: u.Peak << 10}, nil
}

// script executes a script with the Python of a directory of .tools.
func script(ctx context.Context, root, python, text string, args ...string) (Usage, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(root, ".tools", python, "bin", "python"), append([]string{"-c", usageScript + text}, args...)...) //nolint:gosec // our own scripts
	cmd.Dir = os.TempDir()                                                                                                                          // a module of ours beside it would be imported
	return measured(cmd)
}

func seconds(s float64) trace.Seconds { return trace.Seconds(s * float64(time.Second)) }
