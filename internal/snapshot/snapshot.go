// Package snapshot finds the files of datasets: those of the current snapshot if the
// dataset is a table of Delta or Iceberg, and else all files of the folder.
//
// The logs of tables are read as their specifications say:
// https://github.com/delta-io/delta/blob/master/PROTOCOL.md and https://iceberg.apache.org/spec/
package snapshot

import (
	"context"
	"math"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
)

const (
	// mostBytes of a file of a table's log are read.
	mostBytes = 64 << 20

	// mostFiles of a snapshot are kept in memory.
	mostFiles = 200_000
)

// Formats of tables.
const (
	delta   = "Delta"
	iceberg = "Iceberg"
	hudi    = "Hudi"
)

// Files are the files of a dataset.
type Files struct {
	Objects []dataset.Object
	More    bool   // there are others
	Table   *Table // nil = a folder

	All bool // the objects are all files of a table's folder: its log is not read

	// Rows is why the rows of the files are not those of the table; nil = they are.
	Rows error
}

// Table is a table whose files are listed in a log.
type Table struct {
	Kind     string    // Delta, Iceberg or Hudi
	Root     string    // s3://bucket/prefix/
	Branch   string    // of Iceberg; "" = main
	Snapshot string    // version of Delta, id of Iceberg; "" = none yet, or not known
	At       time.Time // when the snapshot was made; zero = not known
}

// String names the snapshot: "Delta version 4", "Iceberg snapshot 435569240372602743".
func (t *Table) String() string {
	switch {
	case t == nil:
		return ""
	case t.Snapshot == "":
		return t.Kind + " table without a snapshot"
	case t.Kind == delta:
		return "Delta version " + t.Snapshot
	}
	if t.Branch != "" {
		return t.Kind + " snapshot " + t.Snapshot + " of branch " + t.Branch
	}
	return t.Kind + " snapshot " + t.Snapshot
}

// Source is where datasets are.
type Source struct {
	S3      dataset.S3API
	Catalog Catalog // of Iceberg tables; nil = the metadata file with the highest number is current
	Branch  string  // of Iceberg tables that have it; "" or of others, main is read
}

// Catalog knows which metadata files of Iceberg tables are current.
type Catalog interface {
	// Metadata returns the address of the current metadata file of the table at root; "" = the table is not in the catalog.
	Metadata(ctx context.Context, root dataset.Address) (string, error)
}

// List lists the files of a dataset, which may be a table, a partition of one, or a folder.
func (s Source) List(ctx context.Context, at dataset.Address) (Files, error) {
	return s.ListSome(ctx, at, math.MaxInt)
}

// ListSome lists at most so many files.
func (s Source) ListSome(ctx context.Context, at dataset.Address, most int) (Files, error) {
	table, err := dataset.FindTable(ctx, s.S3, at)
	if err != nil {
		return Files{}, err
	}
	r := reader{Source: s, api: s.S3, at: at, root: table.Root.Prefix}
	var found Files
	switch table.Format {
	case delta:
		found, err = r.delta(ctx)
	case iceberg:
		found, err = r.iceberg(ctx)
	default:
		found.Objects, found.More, err = dataset.ListSome(ctx, s.S3, at, most)
	}
	if err != nil {
		return Files{}, err
	}
	if table.Format == hudi {
		found.Table, found.All = r.table(hudi), true
		found.Rows = r.refused(hudi, "its current files are in its timeline, which is not read; check a copy that is written as Parquet files")
	}
	if len(found.Objects) > most {
		found.Objects, found.More = found.Objects[:most], true
	}
	return found, nil
}

// reader reads the log of a table.
type reader struct {
	Source

	api  dataset.S3API
	at   dataset.Address
	root string // prefix of the table
}

func (r reader) table(kind string) *Table { return &Table{Kind: kind, Root: r.address()} }

func (r reader) address() string { return "s3://" + r.at.Bucket + "/" + r.root }

// refused is a table that cannot be read.
func (r reader) refused(kind, format string, args ...any) error {
	return fault.New(fault.InvalidInput, "%s is a table of %s: "+format, append([]any{r.address(), kind}, args...)...)
}
