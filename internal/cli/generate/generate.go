// Package generate is ephemr generate: synthetic datasets with known faults.
package generate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/progress"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/generate"
)

// Options of the command. Numbers are texts, so that all errors of a command line
// can be reported at once.
type Options struct {
	Dataset string
	Target  string // s3://… or a directory

	Rows, Seed, Days, FileRows, Workers, Skew text
	Nulls, Duplicates, Late                   text
	From, Format                              string
	Overwrite                                 bool
	JSON                                      bool
}

// Defaults returns options with the values of flags that are not given.
func Defaults() Options {
	return Options{
		Seed: whole("1"), Days: whole("7"), FileRows: whole("250000"), Rows: whole(""), Workers: whole(""),
		Nulls: percent("0%"), Duplicates: percent("0%"), Late: percent("0%"), Skew: number("0"),
		From: "2026-01-01", Format: generate.Parquet,
	}
}

// Written is what --json prints.
type Written struct {
	generate.Report

	Dataset string `json:"dataset"`
	Format  string `json:"format"`
	Seed    uint64 `json:"seed"`
	Target  string `json:"target"`
}

// Run writes a dataset. connect is called for targets in S3.
func Run(ctx context.Context, o Options, io *terminal.IO, connect func(context.Context) (*session.S3, error)) error {
	spec, err := o.spec()
	if err != nil {
		return err
	}
	to, err := o.target(ctx, connect)
	if err != nil {
		return err
	}
	bar := progress.New(io, o.JSON).BeginCount("generating "+o.Dataset, "rows")
	spec.Progress = bar.Update
	began := time.Now()
	r, err := generate.Run(ctx, spec, to)
	bar.End()
	if _, full := errors.AsType[*generate.NotEmptyError](err); full {
		return exit.Usage("%w", err)
	}
	if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(Written{Report: r, Dataset: o.Dataset, Format: o.Format, Seed: spec.Seed, Target: o.Target})
	}
	io.Printf("%s: %s in %s, %s, written to %s in %s\n", o.Dataset, rows(r.Rows), terminal.Count(r.Files, "file"),
		terminal.Bytes(r.Bytes), o.Target, terminal.Duration(time.Since(began)))
	if faults := planted(r.Counts); faults != "" {
		io.Printf("planted: %s\n", faults)
	}
	return nil
}

func rows(n int64) string { return terminal.Count(int(n), "row") }

// planted lists the faults of a dataset; "" = it has none.
func planted(c generate.Counts) string {
	var parts []string
	if c.Duplicates > 0 {
		parts = append(parts, terminal.Count(int(c.Duplicates), "duplicate row"))
	}
	if c.Late > 0 {
		parts = append(parts, terminal.Count(int(c.Late), "late row"))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Nulls)) {
		parts = append(parts, terminal.Count(int(c.Nulls[name]), "null")+" in "+name)
	}
	return strings.Join(parts, ", ")
}

func (o Options) target(ctx context.Context, connect func(context.Context) (*session.S3, error)) (generate.Target, error) {
	rest, remote := strings.CutPrefix(o.Target, "s3://")
	if !remote {
		return &generate.Folder{Path: o.Target, Overwrite: o.Overwrite}, nil
	}
	client, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	return &generate.Bucket{S3: client, Bucket: client.Bucket(bucket), Prefix: strings.TrimSuffix(prefix, "/"), Overwrite: o.Overwrite}, nil
}
