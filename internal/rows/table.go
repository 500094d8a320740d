// Package rows reads the rows of CSV, JSON Lines and Parquet files, and compares those
// of a dataset with those that a test expects.
package rows

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is the type of a cell, as far as it matters to a comparison.
type Kind int

// The kinds.
const (
	Untyped Kind = iota // CSV
	Text
	Number // whole, or decimal
	Double
	Bool
	Timestamp
	Nested // canonical JSON
)

// Cell is a value of a row.
type Cell struct {
	Kind Kind
	Null bool
	Text string
}

// Row is a row with one cell for each column of its table.
type Row []Cell

// Table is the rows of a file or a dataset.
type Table struct {
	Columns []string
	Rows    []Row

	index   map[string]int
	untyped map[string]bool // columns of CSV, and of paths
}

// plain adds a column without a type.
func (t *Table) plain(name string) {
	if t.untyped == nil {
		t.untyped = map[string]bool{}
	}
	t.untyped[name] = true
	t.column(name)
}

// column returns the place of a column, which is added if it is new.
func (t *Table) column(name string) int {
	if t.index == nil {
		t.index = map[string]int{}
	}
	i, ok := t.index[name]
	if !ok {
		i = len(t.Columns)
		t.index[name] = i
		t.Columns = append(t.Columns, name)
	}
	return i
}

// cell returns a cell of a row. A row that was read before a column appeared has null there.
func (t *Table) cell(r Row, name string) Cell {
	if i, ok := t.index[name]; ok && i < len(r) {
		return r[i]
	}
	return Cell{Null: true}
}

func (t *Table) has(name string) bool { return slices.Contains(t.Columns, name) }

// add appends a row given by columns.
func (t *Table) add(cells map[string]Cell) {
	r := make(Row, len(t.Columns), max(len(t.Columns), len(cells)))
	for i := range r {
		r[i].Null = true
	}
	for _, name := range sortedKeys(cells) {
		i := t.column(name)
		for len(r) <= i {
			r = append(r, Cell{Null: true})
		}
		r[i] = cells[name]
	}
	t.Rows = append(t.Rows, r)
}

// kind is the kind of a column: that of its cells, or Text if they differ.
func (t *Table) kind(name string) Kind {
	found := Untyped
	for _, r := range t.Rows {
		c := t.cell(r, name)
		switch {
		case c.Null || c.Kind == Untyped || c.Kind == found:
		case found == Untyped, found == Number && c.Kind == Double:
			found = c.Kind
		case found == Double && c.Kind == Number:
		default:
			return Text
		}
	}
	return found
}

// canonical is the text of a cell by which it equals other cells of a column of the kind.
func canonical(c Cell, as Kind) string {
	if c.Null {
		return "\x00"
	}
	text := c.Text
	switch as {
	case Untyped, Text, Nested:
	case Number:
		if n, ok := new(big.Rat).SetString(text); ok && len(text) < 400 {
			return n.RatString()
		}
	case Double:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return strconv.FormatFloat(f+0, 'g', -1, 64) // -0 is 0
		}
	case Bool:
		return strings.ToLower(text)
	case Timestamp:
		if at, ok := moment(text); ok {
			return at.Format(time.RFC3339Nano)
		}
	}
	return text
}

var layouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
}

// moment reads a time; without a zone it is in UTC.
func moment(text string) (time.Time, bool) {
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// nested is a cell of a value with parts.
func nested(v any) Cell {
	data, err := json.Marshal(v)
	if err != nil {
		return Cell{Kind: Nested, Text: err.Error()}
	}
	return Cell{Kind: Nested, Text: string(data)}
}
