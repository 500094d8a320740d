// Package stats is ephemr stats: how a dataset has changed, run by run.
package stats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/dataset"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/statistics"
)

// Options of the command.
type Options struct {
	Dataset string
	Last    int
	Columns []string
	JSON    bool
}

// Records are what the command reads.
type Records struct {
	Statistics *statistics.Store
	Runs       *store.Runs
	Bucket     func(string) string // by its name or that of a zone
}

// Entry is what -o json prints of a run.
type Entry struct {
	statistics.Statistics

	State run.State `json:"state"` // of the run
}

// end is later than all logical times.
var end = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Run prints the statistics of the newest runs, the newest last.
func Run(ctx context.Context, o Options, io *terminal.IO, r Records) error {
	at, err := dataset.Parse(o.Dataset)
	if err != nil || at.Prefix == "" {
		return exit.Usage("invalid dataset %q: use s3://BUCKET/PREFIX", o.Dataset)
	}
	if o.Last < 1 {
		return exit.Usage("invalid --last %d: must be positive", o.Last)
	}
	of := pipeline.OutputAt("s3://"+r.Bucket(at.Bucket)+"/"+at.Prefix, "")
	all, err := r.newest(ctx, of, o.Last)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("no statistics of %s: no run of a pipeline has it in checks or outputs; ephemr check reads the files themselves", of.Address())
	}
	if err := has(all, o.Columns); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(narrowed(all, o.Columns))
	}
	table(io, all, o.Columns)
	io.Printf("rows %s\n", line(all))
	return nil
}

func (r Records) newest(ctx context.Context, of pipeline.Output, most int) (all []Entry, _ error) {
	for s, err := range r.Statistics.Newest(ctx, of.Dataset, end) {
		if err != nil {
			return nil, err
		}
		if of.Partition != "" && s.Partition != of.Partition {
			continue
		}
		e := Entry{Statistics: s}
		by, err := r.Runs.Peek(ctx, s.RunID)
		if err != nil {
			return nil, err
		}
		if by != nil {
			e.State = by.State
		}
		if all = append(all, e); len(all) == most {
			break
		}
	}
	slices.Reverse(all)
	return all, nil
}

// has reports columns that no run has.
func has(all []Entry, columns []string) error {
	var errs []error
	for _, name := range columns {
		if slices.ContainsFunc(all, func(e Entry) bool { return e.Of(name) != nil }) {
			continue
		}
		var known []string
		for _, c := range all[len(all)-1].Columns {
			known = append(known, terminal.OneLine(c.Name))
		}
		errs = append(errs, exit.Usage("no column %q; the newest run has %s", name, strings.Join(known, ", ")))
	}
	return errors.Join(errs...)
}

// narrowed leaves out other columns than the chosen ones, if there are any.
func narrowed(all []Entry, columns []string) []Entry {
	for i := range all {
		if len(columns) > 0 {
			all[i].Columns = slices.DeleteFunc(all[i].Columns, func(c statistics.Column) bool { return !slices.Contains(columns, c.Name) })
		}
	}
	return all
}

func table(io *terminal.IO, all []Entry, columns []string) {
	header := []string{"DATE", "RUN", "ROWS", "BYTES", "FILES"}
	for _, name := range columns {
		name = strings.ToUpper(terminal.OneLine(name))
		header = append(header, name+" NULLS", "MIN", "MAX")
	}
	var rows [][]string
	for _, e := range all {
		row := []string{e.LogicalDate, e.RunID, count(e.Rows), terminal.Bytes(e.Bytes), strconv.Itoa(e.Files)}
		for _, name := range columns {
			row = append(row, column(e.Of(name))...)
		}
		rows = append(rows, append(row, note(e)))
	}
	io.Table(append(header, "NOTE"), rows)
}

func count(n *int64) string {
	if n == nil {
		return "?"
	}
	return strconv.FormatInt(*n, 10)
}

func column(c *statistics.Column) []string {
	if c == nil {
		return []string{"", "", ""}
	}
	return []string{count(c.Nulls), bound(c.Min, "≥ "), bound(c.Max, "≤ ")}
}

// widest is the number of columns of a terminal that a value may use.
const widest = 32

// bound writes a value, with a sign before one that values may not reach.
func bound(b *statistics.Bound, sign string) string {
	switch {
	case b == nil:
		return ""
	case b.Exact:
		sign = ""
	}
	return sign + terminal.Clip(terminal.OneLine(b.String()), widest)
}

// note is what makes a run different from others.
func note(e Entry) string {
	var parts []string
	if e.State != run.Succeeded && e.State != "" {
		parts = append(parts, string(e.State))
	}
	if e.Partial != "" {
		parts = append(parts, terminal.OneLine(e.Partial))
	}
	return strings.Join(parts, "; ")
}

var bars = []rune("▁▂▃▄▅▆▇█")

// line draws the rows: the lowest bar is no rows, the highest the most, a space not known.
func line(all []Entry) string {
	most := int64(1)
	for _, e := range all {
		if e.Rows != nil {
			most = max(most, *e.Rows)
		}
	}
	var b strings.Builder
	for _, e := range all {
		if e.Rows == nil {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(bars[int(float64(*e.Rows)/float64(most)*float64(len(bars)-1)+0.5)])
	}
	return b.String()
}
