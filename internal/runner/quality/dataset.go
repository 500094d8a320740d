package quality

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"ephemr/internal/dataset"
)

const parallelFooters = 8

// opened is a set of opened Parquet files.
type opened struct {
	files  []*file
	broken string // why a file is not Parquet
}

// file is one Parquet file with the partition that its path names.
type file struct {
	dataset.Object

	partition map[string]string
	parquet   *parquet.File
}

func (c *Checker) open(ctx context.Context, name string) (*opened, error) {
	d, err := c.list(ctx, name)
	if err != nil {
		return nil, err
	}
	return d, d.readFooters(ctx)
}

// list finds the files of a dataset and does not open them.
func (c *Checker) list(ctx context.Context, name string) (*opened, error) {
	at, err := dataset.Parse(name)
	if err != nil {
		return nil, &InvalidError{err}
	}
	objects, err := dataset.List(ctx, c.S3, at)
	if err != nil {
		return nil, err
	}
	d := &opened{}
	for _, o := range objects {
		d.files = append(d.files, &file{Object: o, partition: dataset.Partition(o.Key)})
	}
	return d, nil
}

func (d *opened) readFooters(ctx context.Context) error {
	broken := make([]string, len(d.files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelFooters)
	for i, f := range d.files {
		g.Go(func() (err error) {
			broken[i], err = f.open(ctx)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, why := range broken {
		d.broken = cmp.Or(d.broken, why)
	}
	return nil
}

func (d *opened) rows() (n int64) {
	for _, f := range d.files {
		n += f.parquet.NumRows()
	}
	return n
}

func (d *opened) bytes() (n int64) {
	for _, f := range d.files {
		n += f.Size
	}
	return n
}

func (d *opened) fresh(now time.Time, age time.Duration) verdict {
	newest := slices.MaxFunc(d.files, func(a, b *file) int { return a.Modified.Compare(b.Modified) })
	old := now.Sub(newest.Modified).Round(time.Second)
	return verdict{fmt.Sprintf("newest file is %s old", old), old <= age}
}
