package quality

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// hiveNull is the folder name of a partition whose column is null.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// leaf finds a column with one value a row. Why says what is wrong with it.
func (f *file) leaf(name string) (col parquet.LeafColumn, why string) {
	col, ok := f.parquet.Schema().Lookup(strings.Split(name, ".")...)
	switch {
	case !ok:
		return col, fmt.Sprintf("%s in %s", f.typeOf(name), f.Key)
	case col.MaxRepetitionLevel > 0:
		return col, fmt.Sprintf("%s has many values a row in %s", name, f.Key)
	}
	return col, ""
}

// pages calls each with the pages of one column of one row group.
func (f *file) pages(ctx context.Context, chunk parquet.ColumnChunk, each func(parquet.Page) error) (err error) {
	r, done := f.pageReader(ctx, chunk)
	defer func() { err = errors.Join(err, done()) }()
	for {
		page, err := r.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read column of %s: %w", f.Key, err)
		}
		err = each(page)
		parquet.Release(page)
		if err != nil {
			return err
		}
	}
}

func (f *file) pageReader(ctx context.Context, chunk parquet.ColumnChunk) (parquet.Pages, func() error) {
	if c, ok := chunk.(*parquet.FileColumnChunk); ok {
		pages := c.PagesFrom(&window{Reader: f.Reader(ctx)})
		return pages, pages.Close
	}
	pages := chunk.Pages()
	return pages, pages.Close
}

// notNull counts the nulls of a column.
func (d *opened) notNull(ctx context.Context, name string) (verdict, error) {
	var nulls int64
	for _, f := range d.files {
		col, why := f.leaf(name)
		if value, ok := f.partition[name]; ok && why != "" {
			if value == hiveNull {
				nulls += f.parquet.NumRows()
			}
			continue
		}
		if why != "" {
			return bad("%s", why), nil
		}
		n, err := f.nulls(ctx, col)
		if err != nil {
			return verdict{}, err
		}
		nulls += n
	}
	return verdict{fmt.Sprintf("%d nulls in %d rows", nulls, d.rows()), nulls == 0}, nil
}

// nulls counts by statistics where they can be trusted, else by reading.
func (f *file) nulls(ctx context.Context, col parquet.LeafColumn) (nulls int64, err error) {
	if col.MaxDefinitionLevel == 0 {
		return 0, nil // required
	}
	for _, group := range f.parquet.RowGroups() {
		chunk := group.ColumnChunks()[col.ColumnIndex]
		n, known := statistics(chunk)
		if !known {
			err := f.pages(ctx, chunk, func(p parquet.Page) error {
				n += p.NumNulls()
				return nil
			})
			if err != nil {
				return 0, err
			}
		}
		nulls += n
	}
	return nulls, nil
}

// statistics is the null count in the footer. Zero may mean that it was not
// written; it is believed only beside a smallest and a greatest value.
func statistics(chunk parquet.ColumnChunk) (nulls int64, known bool) {
	c, ok := chunk.(*parquet.FileColumnChunk)
	if !ok {
		return 0, false
	}
	if n := c.NullCount(); n > 0 {
		return n, true
	}
	_, _, bounded := c.Bounds()
	return 0, bounded
}
