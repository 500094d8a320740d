// Package publications is ephemr publications: what runs have published to a table.
package publications

import (
	"context"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/publish"
)

// Store lists what runs have published.
type Store interface {
	List(ctx context.Context, table string) ([]publish.Pointer, error)
}

// Options of the command.
type Options struct {
	Table    string // with or without "ephemr.", or that of Database
	Database string // the stage's, in Glue
	All      bool
	JSON     bool
}

// Run lists the partitions of a table that runs have published. With JSON it prints a list
// of publish.Pointer.
func Run(ctx context.Context, o Options, io *terminal.IO, store Store) error {
	table, name := o.Table, strings.TrimPrefix(o.Table, o.Database+".")
	if !strings.Contains(name, ".") {
		table = "ephemr." + name // as in pipelines
	}
	all, err := store.List(ctx, table)
	if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(document(all))
	}
	var rows [][]string
	for _, p := range all {
		if p.Current != nil {
			rows = append(rows, row(p.Partition, *p.Current))
		}
		for _, e := range p.Earlier {
			if o.All {
				rows = append(rows, row("", e))
			}
		}
	}
	if len(rows) == 0 {
		io.Notef("no run has published to %s\n", table)
		return nil
	}
	io.Table([]string{"PARTITION", "PUBLISHED", "RUN", "LOCATION"}, rows)
	return nil
}

func row(partition string, e publish.Entry) []string {
	at := ""
	if !e.At.IsZero() {
		at = e.At.UTC().Format(time.DateTime) + "Z"
	}
	return []string{terminal.OneLine(partition), at, e.RunID, terminal.OneLine(e.Location)}
}

// document is all with lists that are never null.
func document(all []publish.Pointer) []publish.Pointer {
	list := make([]publish.Pointer, 0, len(all))
	for _, p := range all {
		if p.Earlier == nil {
			p.Earlier = []publish.Entry{}
		}
		list = append(list, p)
	}
	return list
}
