package quality

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/dataset"
)

// Written reports whether a dataset, of files of any format, has an object that was
// written at or after a time. S3 lists times in whole seconds.
func (c *Checker) Written(ctx context.Context, name string, since time.Time) (ok bool, found string, err error) {
	at, err := dataset.Parse(name)
	if err != nil {
		return false, "", &InvalidError{err}
	}
	objects, err := dataset.List(ctx, c.S3, at)
	if err != nil {
		return false, "", err
	}
	if len(objects) == 0 {
		return false, "no files", nil
	}
	v := written(objects, since)
	return v.ok, v.text, nil
}

func written(all []dataset.Object, since time.Time) verdict {
	at := newest(all)
	text := fmt.Sprintf("the newest of %d files is of %s", len(all), at.UTC().Format(time.RFC3339))
	return verdict{text, !at.Before(since.Truncate(time.Second))}
}

// writtenBy is the expectation that a run wrote the dataset.
func (c *Checker) writtenBy() string {
	return "written by this run, which began at " + c.Began.UTC().Format(time.RFC3339)
}
