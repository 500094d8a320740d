package quality

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"ephemr/internal/dataset"
	"ephemr/internal/footer"
)

// hiveNull is the folder name of a partition whose column is null.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// columnRead is how many bytes of a column are read at a time.
const columnRead = 1 << 20

// window reads ahead: pages are small and lie side by side.
type window struct {
	*dataset.Reader

	read *int64 // bytes
	buf  []byte
	from int64
}

// ReadAt serves p from what was read ahead.
func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if off < w.from || off+int64(len(p)) > w.from+int64(len(w.buf)) {
		if int64(len(p)) >= columnRead || off >= w.Size {
			n, err := w.Reader.ReadAt(p, off)
			*w.read += int64(n)
			return n, err
		}
		w.buf = append(w.buf[:0], make([]byte, min(columnRead, w.Size-off))...)
		w.from = off
		n, err := w.Reader.ReadAt(w.buf, off)
		*w.read += int64(n)
		if err != nil {
			w.buf = w.buf[:n]
			return copy(p, w.buf), err
		}
	}
	n := copy(p, w.buf[off-w.from:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// parquetSource reads columns of a Parquet file.
type parquetSource struct {
	ctx    context.Context // of its reads
	object dataset.Object
	file   *parquet.File
	reader *dataset.Reader
	all    []string
	parts  []*part
	group  int   // the next row group
	left   int64 // rows of the current one
}

// part reads one column.
type part struct {
	vector *vector
	leaf   parquet.LeafColumn
	fixed  *string // value of a partition column; nil = the file has the column
	read   int64   // bytes

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	done   []parquet.Page // whose values are in the vector
	buf    []parquet.Value
}

// openParquet opens the columns of a file. A column that it does not have is a missingError.
func openParquet(ctx context.Context, o dataset.Object, columns []string) (*parquetSource, error) {
	r := o.Reader(ctx)
	f, err := footer.Open(r, o.Size)
	if err != nil {
		return nil, err
	}
	s := &parquetSource{ctx: ctx, object: o, file: f, reader: r}
	for _, field := range f.Root().Columns() {
		s.all = append(s.all, field.Name())
	}
	folders := o.Partition()
	for _, name := range columns {
		p, err := s.part(name, folders)
		if err != nil {
			return nil, err
		}
		s.parts = append(s.parts, p)
	}
	return s, nil
}

func (s *parquetSource) part(name string, folders map[string]string) (*part, error) {
	leaf, ok := s.file.Schema().Lookup(strings.Split(name, ".")...)
	if value, partition := folders[name]; !ok && partition {
		return &part{vector: &vector{typ: "string", loose: true}, fixed: &value}, nil
	}
	switch {
	case !ok && field(s.file.Root(), name):
		return nil, &columnError{name, name + " has columns below it in " + s.object.Key}
	case !ok:
		return nil, &columnError{name, fmt.Sprintf("%s in %s; columns: %s", missing, s.object.Key, named(s.all))}
	case leaf.MaxRepetitionLevel > 0:
		return nil, &columnError{name, name + " has many values a row in " + s.object.Key}
	}
	return &part{vector: vectorOf(leaf.Node), leaf: leaf, buf: make([]parquet.Value, batchRows)}, nil
}

// field reports whether the file has a column of this name that has columns below it.
func field(root *parquet.Column, name string) bool {
	at := root
	for part := range strings.SplitSeq(name, ".") {
		if at = at.Column(part); at == nil {
			return false
		}
	}
	return true
}

var kinds = map[parquet.Kind]kind{
	parquet.Boolean: ints, parquet.Int32: ints, parquet.Int64: ints, parquet.Int96: ints,
	parquet.Float: floats, parquet.Double: floats, parquet.ByteArray: texts, parquet.FixedLenByteArray: texts,
}

// vectorOf returns an empty vector for the values of a column.
func vectorOf(n parquet.Node) *vector {
	v := &vector{typ: footer.TypeOf(n), kind: kinds[n.Type().Kind()]}
	if n.Type().Kind() == parquet.Int96 {
		v.unit = time.Nanosecond
	}
	t := n.Type().LogicalType()
	if t == nil {
		return v
	}
	switch l := t.Value.(type) {
	case *format.DecimalType:
		v.scale = int(l.Scale)
		if v.kind == texts {
			v.kind = bigs
		}
	case *format.DateType:
		v.unit = 24 * time.Hour
	case *format.TimestampType:
		v.unit = l.Unit.Value.Duration()
	case *format.TimeType:
		v.unit = l.Unit.Value.Duration()
	case *format.IntType:
		v.unsigned = !l.IsSigned
		v.wide = v.unsigned && l.BitWidth == 64
	}
	return v
}

func (s *parquetSource) vectors() []*vector {
	all := make([]*vector, len(s.parts))
	for i, p := range s.parts {
		all[i] = p.vector
	}
	return all
}

func (s *parquetSource) columns() []string { return s.all }

func (s *parquetSource) read(i int) int64 { return s.parts[i].read }

// next reads the next rows of all columns; io.EOF after the last.
func (s *parquetSource) next() (int, error) {
	groups := s.file.RowGroups()
	for s.left == 0 {
		if s.group == len(groups) {
			return 0, io.EOF
		}
		if err := s.begin(groups[s.group]); err != nil {
			return 0, err
		}
		s.left = groups[s.group].NumRows()
		s.group++
	}
	n := int(min(s.left, batchRows))
	s.left -= int64(n)
	return n, nil
}

func (s *parquetSource) begin(group parquet.RowGroup) error {
	if err := s.close(); err != nil {
		return err
	}
	for _, p := range s.parts {
		if p.fixed != nil {
			continue
		}
		c, ok := group.ColumnChunks()[p.leaf.ColumnIndex].(*parquet.FileColumnChunk)
		if !ok {
			return fmt.Errorf("column %s of %s is not in the file", strings.Join(p.leaf.Path, "."), s.object.Key)
		}
		p.pages = c.PagesFrom(&window{Reader: s.reader, read: &p.read})
	}
	return nil
}

// fill reads n values of a column.
func (s *parquetSource) fill(i, n int) error {
	p := s.parts[i]
	if err := p.fill(n); err != nil {
		if s.reader.Err != nil && !errors.Is(s.reader.Err, io.EOF) {
			return s.reader.Err
		}
		return &brokenError{fmt.Sprintf("column %s of %s cannot be read: %v", strings.Join(p.leaf.Path, "."), s.object.Key, err)}
	}
	return nil
}

func (p *part) fill(n int) error {
	p.vector.reset()
	if p.fixed != nil {
		p.vector.repeat(*p.fixed, n)
		return nil
	}
	p.release()
	for got := 0; got < n; {
		if p.values == nil {
			page, err := p.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // there are fewer values than rows
			}
			if err != nil {
				return err
			}
			p.page, p.values = page, page.Values()
		}
		k, err := p.values.ReadValues(p.buf[:n-got])
		p.vector.append(p.buf[:k])
		got += k
		if errors.Is(err, io.EOF) || k == 0 && err == nil {
			p.done = append(p.done, p.page)
			p.page, p.values = nil, nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// repeat adds the value of a partition column.
func (v *vector) repeat(value string, n int) {
	text := []byte(value)
	for range n {
		if value == hiveNull {
			v.appendNull()
		} else {
			v.appendText(text)
		}
	}
}

// release gives back the memory of pages that are not needed any more.
func (p *part) release() {
	for _, page := range p.done {
		parquet.Release(page)
	}
	p.done = p.done[:0]
}

func (s *parquetSource) close() error {
	var errs []error
	for _, p := range s.parts {
		p.release()
		if p.page != nil {
			parquet.Release(p.page)
			p.page, p.values = nil, nil
		}
		if p.pages != nil {
			errs = append(errs, p.pages.Close())
			p.pages = nil
		}
	}
	return errors.Join(errs...)
}

// append adds values of a Parquet file.
func (v *vector) append(values []parquet.Value) {
	for _, p := range values {
		if p.IsNull() {
			v.appendNull()
			continue
		}
		v.null = append(v.null, false)
		switch p.Kind() {
		case parquet.Int64:
			v.ints = append(v.ints, p.Int64())
		case parquet.Int32:
			v.ints = append(v.ints, v.small(p.Int32()))
		case parquet.Double:
			v.floats = append(v.floats, p.Double())
		case parquet.Float:
			v.floats = append(v.floats, float64(p.Float()))
		case parquet.ByteArray, parquet.FixedLenByteArray:
			v.texts = append(v.texts, p.ByteArray())
		case parquet.Boolean:
			n := int64(0)
			if p.Boolean() {
				n = 1
			}
			v.ints = append(v.ints, n)
		case parquet.Int96:
			v.ints = append(v.ints, julian(p))
		}
	}
}

// small is a value of 32 bits, which may be unsigned.
func (v *vector) small(n int32) int64 {
	if v.unsigned {
		return int64(uint32(n)) //nolint:gosec // its bits
	}
	return int64(n)
}

// julian is a timestamp of 96 bits, in nanoseconds since 1970: of the day and of the time.
func julian(p parquet.Value) int64 {
	const epoch = 2_440_588 // Julian day of 1970-01-01
	t := p.Int96()
	nanos := int64(uint64(t[0]) | uint64(t[1])<<32) //nolint:gosec // below 2^47
	return (int64(t[2])-epoch)*int64(24*time.Hour) + nanos
}
