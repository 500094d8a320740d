package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"ephemr/internal/footer"
)

// parquet reads a Parquet file.
func (t *Table) parquet(data []byte) (err error) {
	defer func() { // the file is untrusted
		if p := recover(); p != nil {
			err = fmt.Errorf("not valid Parquet: %v", p)
		}
	}()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("not valid Parquet: %w", err)
	}
	if int64(len(t.Rows))+f.NumRows() > MaxRows {
		return errMany
	}
	if f.NumRows() == 0 {
		return t.names(f)
	}
	at := len(t.Rows)
	if err := errors.Join(t.names(f), t.flat(f)); err != nil {
		return err
	}
	return t.withParts(f, data, at)
}

// names adds the columns of a file in its order.
func (t *Table) names(f *parquet.File) error {
	for _, c := range f.Root().Columns() {
		t.column(c.Name())
	}
	return nil
}

// flat reads the columns with one value a row.
func (t *Table) flat(f *parquet.File) error {
	leaves := map[int]*parquet.Column{}
	for _, c := range f.Root().Columns() {
		if c.Leaf() && !c.Repeated() {
			leaves[c.Index()] = c
		}
	}
	for _, group := range f.RowGroups() {
		if err := t.group(group, leaves); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) group(group parquet.RowGroup, leaves map[int]*parquet.Column) error {
	rows := group.Rows()
	defer rows.Close() //nolint:errcheck // only read
	buffer := make([]parquet.Row, 256)
	for {
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			cells := make(map[string]Cell, len(leaves))
			for _, v := range row {
				if c := leaves[v.Column()]; c != nil {
					cells[c.Name()] = valueOf(c, v)
				}
			}
			t.add(cells)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("not valid Parquet: %w", err)
		}
	}
}

func valueOf(c *parquet.Column, v parquet.Value) Cell {
	if v.IsNull() {
		return Cell{Null: true}
	}
	if v.Kind() == parquet.Int96 {
		return Cell{Kind: Timestamp, Text: legacy(v).Format(time.RFC3339Nano)}
	}
	if v.Kind() == parquet.Float {
		return Cell{Kind: Double, Text: strconv.FormatFloat(float64(v.Float()), 'g', -1, 32)}
	}
	value, ok := footer.Parse(c, v.Bytes())
	if !ok {
		return Cell{Kind: Text, Text: v.String()}
	}
	return Cell{Kind: kindOf(footer.TypeOf(c)), Text: value.String()}
}

func kindOf(name string) Kind {
	switch {
	case name == "double", name == "float":
		return Double
	case name == "boolean":
		return Bool
	case name == "timestamp":
		return Timestamp
	case strings.HasPrefix(name, "decimal"), strings.Contains(name, "int"), strings.Contains(name, "long"):
		return Number
	}
	return Text
}

// legacy is a timestamp as Spark writes it by default: nanoseconds of a Julian day.
func legacy(v parquet.Value) time.Time {
	const epoch = 2_440_588 // Julian day of 1970-01-01
	i := v.Int96()
	nanos := int64(i[1])<<32 | int64(i[0]) //nolint:gosec // a time of day
	return time.Unix((int64(i[2])-epoch)*86_400, nanos).UTC()
}

// withParts adds the columns with lists, maps and structs, as JSON, to the rows from at on.
func (t *Table) withParts(f *parquet.File, data []byte, at int) error {
	var names []string
	for _, c := range f.Root().Columns() {
		if !c.Leaf() || c.Repeated() {
			names = append(names, c.Name())
		}
	}
	if len(names) == 0 {
		return nil
	}
	all, err := parquet.Read[any](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("not valid Parquet: %w", err)
	}
	for i, row := range all {
		values, ok := row.(map[string]any)
		if !ok || at+i >= len(t.Rows) {
			return fmt.Errorf("row %d cannot be read", i+1)
		}
		for _, name := range names {
			t.set(at+i, name, partsOf(values[name]))
		}
	}
	return nil
}

func (t *Table) set(row int, name string, c Cell) {
	i := t.column(name)
	for len(t.Rows[row]) <= i {
		t.Rows[row] = append(t.Rows[row], Cell{Null: true})
	}
	t.Rows[row][i] = c
}

func partsOf(v any) Cell {
	if v == nil {
		return Cell{Null: true}
	}
	return nested(readable(v))
}

// readable is a value with texts in the place of bytes, and without the extra levels that
// Parquet has for lists.
func readable(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = readable(v[i])
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for name := range v {
			all[name] = readable(v[name])
		}
		return unwrapped(all)
	}
	return v
}

// unwrapped is the list in {"list": [{"element": …}]}.
func unwrapped(m map[string]any) any {
	list, ok := m["list"].([]any)
	if !ok || len(m) != 1 {
		return m
	}
	plain := make([]any, len(list))
	for i := range list {
		item, ok := list[i].(map[string]any)
		if !ok || len(item) != 1 {
			return m
		}
		for _, v := range item {
			plain[i] = v
		}
	}
	return plain
}
