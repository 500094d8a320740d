// Package generate writes synthetic datasets whose faults are known: nulls,
// duplicates, skew and late records. What it writes depends on the seed only.
package generate

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Formats of files, which are their suffixes.
const (
	Parquet = "parquet"
	CSV     = "csv"
	JSONL   = "jsonl"
)

// Formats returns the formats.
func Formats() []string { return []string{Parquet, CSV, JSONL} }

// Spec says what to write.
type Spec struct {
	Dataset string
	Format  string
	Rows    int64
	Seed    uint64

	From     time.Time // first date, UTC
	Days     int       // number of dates, each a partition
	FileRows int64     // at most, of a file

	Nulls      float64 // share of the values of each column that may be null
	Duplicates float64 // share of the rows
	Late       float64 // share of the rows
	Skew       float64 // exponent of Zipf's law; 0 = all values are equally frequent

	Workers  int
	Progress func(done, all int64) // rows; nil = not reported
}

// Report is what was written.
type Report struct {
	Counts

	Rows  int64 `json:"rows"`
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Target is where files are written.
type Target interface {
	// Prepare ends with an error if the target cannot be written to.
	Prepare(ctx context.Context) error
	// Write creates a file of what write writes. It is called concurrently.
	Write(ctx context.Context, name string, write func(io.Writer) error) error
	// Commit marks the dataset as complete.
	Commit(ctx context.Context) error
	// Abort removes what was written.
	Abort() error
}

// MaxRows is the most rows of a dataset: a key has 32 bits.
const MaxRows = 2_000_000_000

// Run writes a dataset. After an error, or if ctx ends, nothing of it is left.
func Run(ctx context.Context, s Spec, to Target) (r Report, err error) {
	if err := to.Prepare(ctx); err != nil {
		return r, err
	}
	r = Report{Rows: s.Rows, Counts: Counts{Nulls: map[string]int64{}}}
	if err := r.write(ctx, s, to); err != nil {
		if left := to.Abort(); left != nil {
			return r, fmt.Errorf("%w; %w", err, left)
		}
		return r, err
	}
	return r, nil
}

func (r *Report) write(ctx context.Context, s Spec, to Target) error {
	picks := picksOf(s)
	next := make(chan part)
	var mu sync.Mutex
	var done int64
	g, within := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(next)
		for p := range plan(s) {
			select {
			case next <- p:
			case <-within.Done():
				return within.Err()
			}
		}
		return nil
	})
	for range s.Workers {
		g.Go(func() error {
			w := &worker{source: newSource(s, picks), encoder: newEncoder(s)}
			w.progress = func(rows int64) {
				mu.Lock()
				defer mu.Unlock()
				if done += rows; s.Progress != nil {
					s.Progress(done, s.Rows)
				}
			}
			for p := range next {
				if err := w.write(within, p, to); err != nil {
					return fmt.Errorf("write %s: %w", p.name, err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			r.add(w.source.counts)
			r.Files += w.files
			r.Bytes += w.bytes
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return to.Commit(ctx)
}

// encoder writes rows to files of a format, one file after the other.
type encoder interface {
	begin(io.Writer)
	write(cells [][]int64) error
	end() error
}

func newEncoder(s Spec) encoder {
	if s.Format == Parquet {
		return newParquet(s.Dataset)
	}
	return newText(s)
}

// worker writes one file at a time.
type worker struct {
	source   *source
	encoder  encoder
	progress func(rows int64)

	files int
	bytes int64
}

func (w *worker) write(ctx context.Context, p part, to Target) error {
	err := to.Write(ctx, p.name, func(out io.Writer) error {
		counted := &counter{out: out}
		w.encoder.begin(counted)
		for from := int64(0); from < p.rows; from += blockRows {
			if err := ctx.Err(); err != nil {
				return err
			}
			n := min(blockRows, p.rows-from)
			if err := w.encoder.write(w.source.block(p, from, n)); err != nil {
				return err
			}
			w.progress(n)
		}
		err := w.encoder.end()
		w.bytes += counted.n
		return err
	})
	w.files++
	return err
}

type counter struct {
	out io.Writer
	n   int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	c.n += int64(n)
	return n, err
}
