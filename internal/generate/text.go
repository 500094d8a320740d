package generate

import (
	"io"
	"strconv"
	"time"
)

// textFile is a file of CSV or JSON Lines. No value needs quotes in CSV or
// escapes in JSON; null is an empty field in CSV.
type textFile struct {
	columns []column
	json    bool
	before  []string // what is before the value of each column
	out     io.Writer
	buf     []byte
}

func newText(s Spec) *textFile {
	f := &textFile{columns: datasets[s.Dataset], json: s.Format == JSONL}
	for i, c := range f.columns {
		switch {
		case f.json && i == 0:
			f.before = append(f.before, `{"`+c.name+`":`)
		case f.json:
			f.before = append(f.before, `,"`+c.name+`":`)
		case i == 0:
			f.before = append(f.before, "")
		default:
			f.before = append(f.before, ",")
		}
	}
	return f
}

func (f *textFile) begin(out io.Writer) {
	f.out, f.buf = out, f.buf[:0]
	if f.json {
		return
	}
	for i, c := range f.columns {
		f.buf = append(append(f.buf, f.before[i]...), c.name...)
	}
	f.buf = append(f.buf, '\n')
}

func (f *textFile) write(cells [][]int64) error {
	for row := range cells[0] {
		for i := range f.columns {
			f.buf = append(f.buf, f.before[i]...)
			f.buf = f.value(f.buf, &f.columns[i], cells[i][row])
		}
		if f.json {
			f.buf = append(f.buf, '}')
		}
		f.buf = append(f.buf, '\n')
	}
	return f.end()
}

func (f *textFile) end() error {
	_, err := f.out.Write(f.buf)
	f.buf = f.buf[:0]
	return err
}

func (f *textFile) value(b []byte, c *column, cell int64) []byte {
	switch {
	case cell == null && f.json:
		return append(b, "null"...)
	case cell == null:
		return b
	case f.json && (c.kind == timestamp || c.kind == word || c.kind == text):
		return append(c.append(append(b, '"'), cell), '"')
	}
	return c.append(b, cell)
}

// append writes a cell as text.
func (c *column) append(b []byte, cell int64) []byte {
	switch c.kind {
	case integer, long:
		return strconv.AppendInt(b, cell, 10)
	case double:
		return strconv.AppendFloat(b, float64(cell)/powers[c.decimals], 'f', -1, 64)
	case decimal:
		return strconv.AppendFloat(b, float64(cell)/powers[c.decimals], 'f', c.decimals, 64)
	case timestamp:
		return time.UnixMicro(cell).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	case word:
		return append(b, c.words[cell]...)
	case text:
		return c.appendText(b, cell)
	}
	return b
}

// appendText writes the prefix and the number with leading zeros.
func (c *column) appendText(b []byte, n int64) []byte {
	b = append(b, c.prefix...)
	for range digits {
		b = append(b, '0')
	}
	for i := len(b) - 1; n > 0; i-- {
		b[i] += byte(n % 10)
		n /= 10
	}
	return b
}
