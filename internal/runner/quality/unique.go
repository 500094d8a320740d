package quality

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// digest is 128 bits of a row's SHA-256: for 20 million rows the chance that
// two different ones share it is below 1 in 10^24.
type digest struct{ hi, lo uint64 }

// unique finds whether the values of columns, together, are different in
// every row. As in SQL, rows with a null among them are distinct.
func (d *opened) unique(ctx context.Context, columns []string, limit int) (verdict, error) {
	if n := d.rows(); n > int64(limit) {
		return verdict{}, &InvalidError{fmt.Errorf("unique %s: %d rows are more than %d, which is what fits in memory",
			strings.Join(columns, ", "), n, limit)}
	}
	rows := make([]digest, 0, d.rows())
	for _, f := range d.files {
		var why string
		var err error
		if rows, why, err = f.digests(ctx, columns, rows); err != nil {
			return verdict{}, err
		}
		if why != "" {
			return bad("%s", why), nil
		}
	}
	slices.SortFunc(rows, func(a, b digest) int { return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo)) })
	repeated := 0
	for i := range rows {
		if i > 0 && rows[i] == rows[i-1] {
			repeated++
		}
	}
	return verdict{fmt.Sprintf("%d of %d rows repeat another", repeated, len(rows)), repeated == 0}, nil
}

// digests appends one for each row of f that has no null in columns.
func (f *file) digests(ctx context.Context, columns []string, rows []digest) (_ []digest, why string, err error) {
	leaves := make([]int, len(columns)) // -1 = a partition column
	for i, name := range columns {
		col, wrong := f.leaf(name)
		leaves[i] = col.ColumnIndex
		if value, ok := f.partition[name]; ok && wrong != "" {
			leaves[i] = -1
			if value == hiveNull {
				return rows, "", nil
			}
		} else if wrong != "" {
			return rows, wrong, nil
		}
	}
	for _, group := range f.parquet.RowGroups() {
		if rows, err = f.groupDigests(ctx, group, columns, leaves, rows); err != nil {
			return rows, "", err
		}
	}
	return rows, "", nil
}

func (f *file) groupDigests(ctx context.Context, group parquet.RowGroup, columns []string, leaves []int, rows []digest) (_ []digest, err error) {
	cursors := make([]cursor, len(columns))
	for i, leaf := range leaves {
		if leaf < 0 {
			cursors[i].constant = parquet.ByteArrayValue([]byte(f.partition[columns[i]]))
			continue
		}
		pages, done := f.pageReader(ctx, group.ColumnChunks()[leaf])
		defer func() { err = errors.Join(err, done()) }()
		cursors[i].pages = pages
	}
	sum := sha256.New()
	for range group.NumRows() {
		null := false
		sum.Reset()
		for i := range cursors {
			v, err := cursors[i].next()
			if err != nil {
				return rows, fmt.Errorf("read column %s of %s: %w", columns[i], f.Key, err)
			}
			null = null || v.IsNull()
			add(sum, v)
		}
		if !null {
			var b [sha256.Size]byte
			s := sum.Sum(b[:0])
			rows = append(rows, digest{binary.BigEndian.Uint64(s), binary.BigEndian.Uint64(s[8:])})
		}
	}
	return rows, nil
}

// add hashes a value with its length, so that ("a", "bc") is not ("ab", "c").
func add(sum hash.Hash, v parquet.Value) {
	var room [64]byte
	b := v.AppendBytes(room[8:8])
	binary.BigEndian.PutUint64(room[:8], uint64(len(b)))
	_, _ = sum.Write(room[:8]) // a hash takes everything
	_, _ = sum.Write(b)
}

// cursor walks the values of a column that has one in each row.
type cursor struct {
	constant parquet.Value // when there are no pages
	pages    parquet.Pages
	values   parquet.ValueReader
	buf      [256]parquet.Value
	have     []parquet.Value
}

func (c *cursor) next() (parquet.Value, error) {
	if c.pages == nil {
		return c.constant, nil
	}
	for len(c.have) == 0 {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // there are fewer values than rows
			}
			if err != nil {
				return parquet.Value{}, err
			}
			c.values = page.Values()
		}
		n, err := c.values.ReadValues(c.buf[:])
		c.have = c.buf[:n]
		if errors.Is(err, io.EOF) {
			c.values = nil
		} else if err != nil {
			return parquet.Value{}, err
		}
	}
	v := c.have[0]
	c.have = c.have[1:]
	return v, nil
}
