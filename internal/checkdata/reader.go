package checkdata

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
	"ephemr/internal/footer"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/snapshot"
	"ephemr/internal/statistics"
)

const (
	// mostFiles of a dataset are listed.
	mostFiles = 20_000

	// mostBytes of footers are read for a run.
	mostBytes = 1 << 30

	// Reserve is the part of an invocation's time that is left for records.
	Reserve = 30 * time.Second

	// mostRetries of the state are made when S3 throttles or fails, which is fewer than
	// those of the state. Then the figures stay unknown.
	mostRetries = 3

	// longest is the length of a reason in a record, in bytes.
	longest = 300
)

// reader reads datasets within the time of one invocation.
type reader struct {
	api     dataset.S3API
	catalog snapshot.Catalog
	branch  string   // of Iceberg tables
	buckets []string // of the lake
	last    bool     // what fails is not tried again
	until   time.Time
	bytes   int64             // that were read
	secrets map[string]string // values of sensitive params

	lists   map[dataset.Address]snapshot.Files
	footers map[dataset.Address]footer.Summary
}

func (c *Checker) newReader(ctx context.Context, rec *run.Record, retries int) *reader {
	r := &reader{
		secrets: rec.Run.Secrets, branch: rec.Spec.Branch(rec.Run.ID), api: c.S3, catalog: c.Catalog, buckets: slices.Collect(maps.Values(c.Settings.Lake)), last: retries >= mostRetries,
		lists: map[dataset.Address]snapshot.Files{}, footers: map[dataset.Address]footer.Summary{},
	}
	if end, ok := ctx.Deadline(); ok {
		r.until = end.Add(-Reserve)
	}
	return r
}

// read fills in the figures of s, which are of the data at address. What cannot be read is not known, and s says why: an
// error means that another try may succeed.
func (r *reader) read(ctx context.Context, address string, s *statistics.Statistics) error {
	began := time.Now()
	s.At = began.UTC()
	err := r.summarize(ctx, address, s)
	s.Took = time.Since(began)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || !r.last && mayPass(err) {
		return err
	}
	s.Rows, s.Columns, s.Partial = nil, nil, brief(err.Error(), r.secrets)
	return nil
}

// mayPass reports whether another try may succeed.
func mayPass(err error) bool {
	switch fault.NameOf(err) { //nolint:exhaustive // the others may pass, unless AWS has refused the call
	case fault.Throttled:
		return true
	case fault.InvalidInput, fault.Permission:
		return false
	}
	return !fault.IsRejected(err)
}

// locate parses an address of the lake.
func (r *reader) locate(address string) (dataset.Address, error) {
	at, err := dataset.Parse(address)
	if err != nil {
		return at, fault.New(fault.InvalidInput, "%w", err)
	}
	if !slices.Contains(r.buckets, at.Bucket) {
		return at, fault.New(fault.Permission, "bucket %s is not in the lake of the stage, and is not read", at.Bucket)
	}
	return at, nil
}

func (r *reader) summarize(ctx context.Context, address string, s *statistics.Statistics) error {
	at, err := r.locate(address)
	if err != nil {
		return err
	}
	found, more, err := r.List(ctx, at)
	if err == nil {
		err = found.Rows
	}
	if err != nil {
		return err
	}
	files := found.Objects
	if other := formatOf(files); other != "" {
		for _, o := range files {
			s.Bytes += o.Size
		}
		s.Files, s.Partial = len(files), fmt.Sprintf("the files are %s; only footers of Parquet and ORC are read", other)
		return nil
	}
	f, unread, err := r.Footers(ctx, at, files)
	if err != nil {
		return err
	}
	s.Take(f)
	s.Partial = brief(partial(f, more, unread), r.secrets)
	s.Limited = s.Partial != "" && len(f.Broken) == 0
	return nil
}

// partial says why a summary is not of all files; "" = it is.
func partial(f footer.Summary, reasons ...string) string {
	why := slices.DeleteFunc(reasons, func(s string) bool { return s == "" })
	if n := len(f.Broken); n > 0 {
		why = append(why, fmt.Sprintf("%d of %d files cannot be read: %s %s", n, f.Files, path.Base(f.Broken[0].File), f.Broken[0].Why))
	}
	return strings.Join(why, "; ")
}

// formats are those of files that have no footers, by suffix.
var formats = map[string]string{
	".csv": "CSV", ".tsv": "CSV", ".json": "JSON", ".jsonl": "JSON", ".ndjson": "JSON", ".avro": "Avro", ".txt": "text",
}

// formatOf is the format of files if none of them can have a footer, or "".
func formatOf(files []dataset.Object) (format string) {
	for _, o := range files {
		name := o.Key
		for _, packed := range []string{".gz", ".bz2", ".zst", ".snappy"} {
			name = strings.TrimSuffix(name, packed)
		}
		if format = formats[strings.ToLower(path.Ext(name))]; format == "" {
			return ""
		}
	}
	return format
}

// brief is the beginning of s, in which the values of sensitive params are hidden.
func brief(s string, secrets map[string]string) string {
	s = pipeline.HideValues(s, secrets)
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}
