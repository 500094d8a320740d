package quality

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/job"
)

// Written reports whether a dataset, of files of any format, has an object that was
// written at or after a time. S3 lists times in whole seconds.
func (c *Checker) Written(ctx context.Context, dataset string, since time.Time) (ok bool, found string, err error) {
	d, err := c.list(ctx, dataset)
	if err != nil {
		return false, "", err
	}
	v := d.written(since)
	return v.ok, v.text, nil
}

func (d *opened) written(since time.Time) verdict {
	if len(d.files) == 0 {
		return bad("no files")
	}
	newest := slices.MaxFunc(d.files, func(a, b *file) int { return a.Modified.Compare(b.Modified) })
	text := fmt.Sprintf("the newest of %d files is of %s", len(d.files), newest.Modified.UTC().Format(time.RFC3339))
	return verdict{text, !newest.Modified.Before(since.Truncate(time.Second))}
}

// writtenBy is the expectation that a run wrote the dataset.
func (c *Checker) writtenBy() string {
	return "written by this run, which began at " + c.Began.UTC().Format(time.RFC3339)
}

// onlyWritten reports whether the check expects nothing of the files' content, so
// that they need not be Parquet.
func onlyWritten(check job.Check) bool {
	return check.WrittenBy != "" && check.Rows == "" && check.Freshness == "" && len(check.Columns)+len(check.NotNull)+len(check.Unique) == 0
}
