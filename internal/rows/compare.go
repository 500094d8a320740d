package rows

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Options say what is compared.
type Options struct {
	Key       []string // columns that identify a row; none = rows are compared as a whole
	Columns   []string // none = all
	Ignore    []string
	Ordered   bool
	Tolerance float64 // of doubles: largest absolute difference
}

// Kinds of Difference.
const (
	Missing    = "missing"    // expected, and not found
	Unexpected = "unexpected" // found, and not expected
	Different  = "different"  // found with other values
)

// Difference is a row that is not as expected.
type Difference struct {
	Kind   string  `json:"kind"`
	Row    string  `json:"row"`              // its key, or all of it
	Values []Value `json:"values,omitempty"` // that are different
}

// Value is a value that is not as expected.
type Value struct {
	Column string `json:"column"`
	Want   string `json:"want"`
	Got    string `json:"got"`
}

// Diff is the result of a comparison.
type Diff struct {
	Want        int          `json:"want"` // rows
	Got         int          `json:"got"`  // rows
	Columns     []string     `json:"columns,omitempty"`
	Differences []Difference `json:"differences"`
}

// Equal reports whether there is no difference.
func (d Diff) Equal() bool { return len(d.Columns) == 0 && len(d.Differences) == 0 }

// Compare compares the rows of a dataset with those that are expected.
func Compare(want, got *Table, o Options) Diff {
	d := Diff{Want: len(want.Rows), Got: len(got.Rows), Differences: []Difference{}}
	c := &comparison{o: o, want: want, got: got, kinds: map[string]Kind{}, untyped: map[string]bool{}}
	if d.Columns = c.columns(); len(d.Columns) > 0 {
		return d
	}
	for _, name := range c.names {
		c.kinds[name] = c.kindOf(name)
		for _, t := range []*Table{want, got} {
			c.untyped[name] = c.untyped[name] || t.untyped[name]
		}
	}
	if o.Ordered {
		d.Differences = append(d.Differences, c.ordered()...)
	} else {
		d.Differences = append(d.Differences, c.unordered()...)
	}
	return d
}

type comparison struct {
	o         Options
	want, got *Table
	names     []string // of columns that are compared
	kinds     map[string]Kind
	untyped   map[string]bool // compared with CSV, which has "" for null
}

// columns finds the columns to compare, and says which are missing or unexpected.
func (c *comparison) columns() (wrong []string) {
	all := c.o.Columns
	if len(all) == 0 {
		all = c.want.Columns
	}
	for _, name := range all {
		if slices.Contains(c.o.Ignore, name) {
			continue
		}
		c.names = append(c.names, name)
		if !c.want.has(name) {
			wrong = append(wrong, fmt.Sprintf("column %s: not in the expected rows", name))
		} else if !c.got.has(name) && len(c.got.Columns) > 0 {
			wrong = append(wrong, fmt.Sprintf("column %s: missing", name))
		}
	}
	wrong = append(wrong, c.unexpected()...)
	for _, name := range c.o.Key {
		if !slices.Contains(c.names, name) {
			wrong = append(wrong, fmt.Sprintf("column %s: the key must be among the compared columns", name))
		}
	}
	return wrong
}

// unexpected says which columns of the dataset the expected rows do not have, unless only
// some are compared.
func (c *comparison) unexpected() (wrong []string) {
	if len(c.o.Columns) > 0 {
		return nil
	}
	for _, name := range c.got.Columns {
		if !c.want.has(name) && !slices.Contains(c.o.Ignore, name) {
			wrong = append(wrong, fmt.Sprintf("column %s: unexpected; add it to the expected rows, or to ignore", name))
		}
	}
	return wrong
}

// kindOf is the kind by which a column is compared: that of the dataset; if it has none,
// that of the expected rows.
func (c *comparison) kindOf(name string) Kind {
	kind := c.got.kind(name)
	if kind == Untyped {
		kind = c.want.kind(name)
	}
	if kind == Untyped && c.o.Tolerance > 0 && c.numbers(name) {
		return Double
	}
	return kind
}

// numbers reports whether all values of a column without a type are numbers.
func (c *comparison) numbers(name string) bool {
	for _, t := range []*Table{c.want, c.got} {
		for _, r := range t.Rows {
			cell := t.cell(r, name)
			if _, err := strconv.ParseFloat(cell.Text, 64); err != nil && !cell.Null {
				return false
			}
		}
	}
	return true
}

func blank(c Cell) bool { return c.Null || c.Text == "" }

// differing are the values of two rows that are not equal.
func (c *comparison) differing(a, b Row) (all []Value) {
	x, y := c.values(c.want, a), c.values(c.got, b)
	for i, name := range c.names {
		if !c.same(x[i], y[i]) {
			all = append(all, Value{Column: name, Want: shown(c.want.cell(a, name)), Got: shown(c.got.cell(b, name))})
		}
	}
	return all
}

func (c *comparison) ordered() (all []Difference) {
	for i := range max(len(c.want.Rows), len(c.got.Rows)) {
		label := fmt.Sprintf("row %d", i+1)
		switch {
		case i >= len(c.got.Rows):
			all = append(all, Difference{Kind: Missing, Row: label + " " + c.whole(c.want, c.want.Rows[i])})
		case i >= len(c.want.Rows):
			all = append(all, Difference{Kind: Unexpected, Row: label + " " + c.whole(c.got, c.got.Rows[i])})
		default:
			if values := c.differing(c.want.Rows[i], c.got.Rows[i]); len(values) > 0 {
				all = append(all, Difference{Kind: Different, Row: label, Values: values})
			}
		}
	}
	return all
}

// unordered pairs rows with an equal key; without one, rows that are equal but for doubles.
func (c *comparison) unordered() (all []Difference) {
	p := &pairing{comparison: c, wanted: c.all(c.want), found: c.all(c.got), taken: make([]bool, len(c.got.Rows))}
	for i, name := range c.names {
		if slices.Contains(c.o.Key, name) || len(c.o.Key) == 0 && (c.o.Tolerance == 0 || c.kinds[name] != Double) {
			p.key = append(p.key, i)
		}
	}
	rest := p.equal()
	for n, at := range p.similar(rest) {
		r := c.want.Rows[rest[n]]
		d := Difference{Kind: Missing, Row: c.label(c.want, r)}
		if at != none {
			d.Kind, d.Values = Different, c.differing(r, c.got.Rows[at])
		}
		all = append(all, d)
	}
	for i, r := range c.got.Rows {
		if !p.taken[i] {
			all = append(all, Difference{Kind: Unexpected, Row: c.label(c.got, r)})
		}
	}
	return all
}

// label is how a row is named: by its key, or as a whole.
func (c *comparison) label(t *Table, r Row) string {
	if len(c.o.Key) == 0 {
		return c.whole(t, r)
	}
	return pairs(t, r, c.o.Key)
}

func (c *comparison) whole(t *Table, r Row) string { return pairs(t, r, c.names) }

func pairs(t *Table, r Row, names []string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = name + "=" + shown(t.cell(r, name))
	}
	return strings.Join(parts, " ")
}

const maxShown = 80 // characters of a value

func shown(c Cell) string {
	if c.Null {
		return "null"
	}
	text := c.Text
	if text == "" || text == "null" || strings.ContainsAny(text, " \t\r\n\"=") {
		text = strconv.Quote(text)
	}
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return text
}
