// Package check is ephemr check: what the footers of a dataset's files say, and whether a
// dataset is as expected.
package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/dataset"
	"ephemr/internal/footer"
	"ephemr/internal/job"
	"ephemr/internal/snapshot"
)

// Options of the command.
type Options struct {
	Dataset string
	JSON    bool
	Expect  job.Check // of the dataset; without expectations the footers are shown
	File    string    // of checks; "" = none
}

// Checked is what -o json prints.
type Checked struct {
	footer.Summary

	Dataset string  `json:"dataset"`
	Table   string  `json:"table,omitempty"` // Delta version 4, for example: whose files these are
	Source  string  `json:"source"`          // of the figures
	Seconds float64 `json:"seconds"`         // that it took
}

// Connected is access to S3.
type Connected struct {
	S3     dataset.S3API
	Bucket func(string) string

	Catalog snapshot.Catalog // of Iceberg tables; nil = none
}

// Connect connects to S3.
func Connect(app *session.App) func(context.Context) (Connected, error) {
	return func(ctx context.Context) (Connected, error) {
		client, err := app.S3(ctx)
		if err != nil {
			return Connected{}, err
		}
		return Connected{client, client.Bucket, client.Catalog}, nil
	}
}

// Run prints a summary. Files that are not valid are an error.
func Run(ctx context.Context, o Options, io *terminal.IO, connect func(context.Context) (Connected, error)) error {
	if o.expects() {
		return o.evaluate(ctx, io, connect)
	}
	at, err := dataset.Parse(o.Dataset)
	if err != nil {
		return exit.Usage("invalid dataset %q: use s3://BUCKET/PREFIX", o.Dataset)
	}
	client, err := connect(ctx)
	if err != nil {
		return err
	}
	at.Bucket = client.Bucket(at.Bucket)
	began := time.Now()
	found, err := snapshot.Source{S3: client.S3, Catalog: client.Catalog}.List(ctx, at)
	if err == nil {
		err = found.Rows
	}
	if err != nil {
		return fmt.Errorf("%s: %w", o.Dataset, err)
	}
	files := found.Objects
	if len(files) == 0 {
		return fmt.Errorf("no files in %s; names that begin with _ or . do not count", o.Dataset)
	}
	s, err := footer.Summarize(ctx, files)
	if err != nil {
		return err
	}
	c := Checked{Summary: s, Dataset: o.Dataset, Table: found.Table.String(), Source: "footers", Seconds: time.Since(began).Seconds()}
	if o.JSON {
		err = io.JSON(c)
	} else {
		table(io, c)
	}
	return errors.Join(err, broken(s.Broken))
}

// shown is how many invalid files an error names.
const shown = 5

func broken(all []footer.Problem) error {
	var errs []error
	for i, p := range all {
		if i == shown {
			errs = append(errs, fmt.Errorf("%d more files are not valid; -o json lists them", len(all)-shown))
			break
		}
		errs = append(errs, fmt.Errorf("%s %s", p.File, p.Why))
	}
	return errors.Join(errs...)
}

func table(io *terminal.IO, c Checked) {
	var rows [][]string
	for _, m := range c.Columns {
		rows = append(rows, []string{terminal.OneLine(m.Name), typeOf(m), nulls(m.Nulls), limit(m.Min, "≥ "), limit(m.Max, "≤ ")})
	}
	if len(rows) > 0 {
		io.Table([]string{"COLUMN", "TYPE", "NULLS", "MIN", "MAX"}, rows)
	}
	if c.Table != "" {
		io.Notef("%s\n", io.ErrStyle().Dim("files of "+c.Table))
	}
	io.Notef("%s\n", io.ErrStyle().Dim(fmt.Sprintf("%s, %s in %s, %s; read %s of footers by %s in %s",
		terminal.Count(int(c.Rows), "row"), terminal.Bytes(c.Bytes), terminal.Count(c.Files, "file"), terminal.Count(c.RowGroups, "row group"),
		terminal.Bytes(c.BytesRead), terminal.Count(int(c.Reads), "request"), terminal.Duration(time.Duration(c.Seconds*float64(time.Second))))))
}

func typeOf(m footer.Merged) string {
	if len(m.Types) == 0 {
		return m.Type
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m.Types)) {
		parts = append(parts, fmt.Sprintf("%s in %s", name, terminal.Count(m.Types[name], "file")))
	}
	return strings.Join(parts, ", ")
}

func nulls(n *int64) string {
	if n == nil {
		return "?"
	}
	return strconv.FormatInt(*n, 10)
}

// widest is the number of columns of a terminal that a value may use.
const widest = 32

// limit writes a bound, with a sign before one that values may not reach.
func limit(b *footer.Bound, sign string) string {
	if b == nil {
		return ""
	}
	s := terminal.Clip(terminal.OneLine(b.Value.String()), widest)
	if b.Exact {
		return s
	}
	return sign + s
}
