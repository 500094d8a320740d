package quality

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/expectation"
	"ephemr/internal/fault"
	"ephemr/internal/footer"
	"ephemr/internal/job"
	"ephemr/internal/snapshot"
)

// files are the files of a dataset, and what is known of them without reading values.
type files struct {
	at      dataset.Address
	objects []dataset.Object
	format  string          // "" = of several
	formats map[string]int  // number of files
	table   *snapshot.Table // whose current snapshot they are; nil = all files of a folder
	summary *footer.Summary // of files with footers whose content is checked

	bytesRead int64
	seconds   float64
}

// open lists the files and reads the footers if the check is about more than the listing.
func (c *Checker) open(ctx context.Context, check job.Check) (*files, error) {
	f, err := c.list(ctx, check)
	if err != nil || onFiles(check) || f.format == "" || !expectation.HasFooters(f.format) || len(f.objects) == 0 {
		return f, err
	}
	began := time.Now()
	s, partial, err := c.data().Footers(ctx, f.at, f.objects)
	if err != nil {
		return nil, err
	}
	if partial != "" {
		return nil, incomplete(partial)
	}
	f.summary, f.bytesRead, f.seconds = &s, s.BytesRead, time.Since(began).Seconds()
	return f, nil
}

func (c *Checker) list(ctx context.Context, check job.Check) (*files, error) {
	at, err := dataset.Parse(check.Address())
	if err != nil {
		return nil, &InvalidError{err}
	}
	found, partial, err := c.data().List(ctx, at)
	if err == nil && (!onFiles(check) || check.Files+check.FileSize != "" && found.All) {
		err = found.Rows
	}
	if fault.NameOf(err) == fault.InvalidInput {
		return nil, &InvalidError{err}
	}
	if err != nil {
		return nil, err
	}
	if partial != "" {
		return nil, incomplete(partial)
	}
	return filesOf(at, found, check.Format), nil
}

// filesOf finds the format of files, unless the check has one.
func filesOf(at dataset.Address, found snapshot.Files, format string) *files {
	f := &files{at: at, objects: found.Objects, table: found.Table, formats: map[string]int{}, format: format}
	if f.format == "" {
		for _, o := range f.objects {
			f.formats[formatOf(o.Key)]++
		}
		if len(f.formats) == 1 {
			f.format = slices.Collect(maps.Keys(f.formats))[0]
		}
	}
	return f
}

// incomplete is the error of a dataset of which a bound left out a part.
func incomplete(partial string) error {
	return invalid("%s; with an expectation of values, such as notNull, the check is a job on the cluster, which has no bounds", partial)
}

// suffixes of files that are not Parquet.
var suffixes = map[string]string{
	".csv": job.FormatCSV, ".jsonl": job.FormatJSONL, ".ndjson": job.FormatJSONL, ".json": job.FormatJSONL,
	".orc": job.FormatORC, ".avro": "Avro", ".txt": "text", ".tsv": "tab-separated text", ".xml": "XML", ".zip": "zip",
}

// formatOf is the format that a file's name says. Files of Hive have no suffix.
func formatOf(key string) string {
	name := strings.TrimSuffix(strings.ToLower(key[strings.LastIndex(key, "/")+1:]), ".gz")
	for suffix, format := range suffixes {
		if strings.HasSuffix(name, suffix) {
			return format
		}
	}
	return job.FormatParquet
}

// expect is what the first finding expects.
func (f *files) expect() string {
	names := map[string]string{job.FormatCSV: "CSV", job.FormatJSONL: "JSON Lines", job.FormatORC: "ORC"}
	return "readable " + cmp.Or(names[f.format], "Parquet") + " files"
}

// problem is why the files cannot be checked.
func (f *files) problem() string {
	switch {
	case len(f.objects) == 0:
		return "no files"
	case f.format == "" && len(f.formats) > 1:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(f.formats)) {
			parts = append(parts, fmt.Sprintf("%d of %s", f.formats[name], name))
		}
		return "files of several formats: " + strings.Join(parts, ", ") + "; set format, or check each prefix"
	case !slices.Contains(job.Formats, f.format):
		return "files are " + f.format + ", which is not read; write Parquet, ORC, CSV or JSON Lines"
	case f.summary != nil && len(f.summary.Broken) > 0:
		b := f.summary.Broken
		text := b[0].File + " " + b[0].Why
		if len(b) > 1 {
			text += fmt.Sprintf(", and %d more files", len(b)-1)
		}
		return text
	}
	return ""
}

func (f *files) source() string {
	if f.summary != nil {
		return job.SourceFooter
	}
	return job.SourceListing
}

func (f *files) bytes() (n int64) {
	for _, o := range f.objects {
		n += o.Size
	}
	return n
}

func newest(all []dataset.Object) time.Time {
	return slices.MaxFunc(all, func(a, b dataset.Object) int { return a.Modified.Compare(b.Modified) }).Modified
}

func (f *files) fresh(now time.Time, age time.Duration) verdict {
	old := now.Sub(newest(f.objects)).Round(time.Second)
	return verdict{fmt.Sprintf("newest file is %s old", old), old <= age}
}

// sized finds whether every file has the expected size.
func (f *files) sized(want expectation.Comparison) verdict {
	wrong := 0
	var example dataset.Object
	for _, o := range f.objects {
		if !want.Holds(o.Size) {
			if wrong == 0 {
				example = o
			}
			wrong++
		}
	}
	if wrong == 0 {
		return good("%d files of %d bytes", len(f.objects), f.bytes())
	}
	return bad("%d of %d files are not, e.g. %s with %d bytes", wrong, len(f.objects), example.Key, example.Size)
}
