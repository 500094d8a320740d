package rows

import (
	"fmt"
	"math"
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
	for _, name := range c.got.Columns {
		if len(c.o.Columns) == 0 && !c.want.has(name) && !slices.Contains(c.o.Ignore, name) {
			wrong = append(wrong, fmt.Sprintf("column %s: unexpected; add it to the expected rows, or to ignore", name))
		}
	}
	for _, name := range c.o.Key {
		if !slices.Contains(c.names, name) {
			wrong = append(wrong, fmt.Sprintf("column %s: the key must be among the compared columns", name))
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

// equal compares two values of a column. CSV does not distinguish null from "".
func (c *comparison) equal(name string, a, b Cell) bool {
	if blank(a) && blank(b) && c.untyped[name] {
		return true
	}
	kind := c.kinds[name]
	if canonical(a, kind) == canonical(b, kind) {
		return true
	}
	if kind != Double || a.Null || b.Null || c.o.Tolerance == 0 {
		return false
	}
	x, errX := strconv.ParseFloat(a.Text, 64)
	y, errY := strconv.ParseFloat(b.Text, 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= c.o.Tolerance
}

func blank(c Cell) bool { return c.Null || c.Text == "" }

// differing are the values of two rows that are not equal.
func (c *comparison) differing(a, b Row) (all []Value) {
	for _, name := range c.names {
		x, y := c.want.cell(a, name), c.got.cell(b, name)
		if !c.equal(name, x, y) {
			all = append(all, Value{Column: name, Want: shown(x), Got: shown(y)})
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
	key := c.o.Key
	if len(key) == 0 {
		key = slices.DeleteFunc(slices.Clone(c.names), func(name string) bool { return c.o.Tolerance > 0 && c.kinds[name] == Double })
	}
	found, taken := map[string][]Row{}, map[string]int{}
	for _, r := range c.got.Rows {
		k := c.keyOf(c.got, r, key)
		found[k] = append(found[k], r)
	}
	var rest []Row // without an equal row
	for _, r := range c.want.Rows {
		k := c.keyOf(c.want, r, key)
		i, least := c.best(r, found[k])
		if least > 0 {
			rest = append(rest, r)
			continue
		}
		found[k] = slices.Delete(found[k], i, i+1)
		taken[k]++
	}
	for _, r := range rest {
		k := c.keyOf(c.want, r, key)
		if len(found[k]) == 0 {
			all = append(all, Difference{Kind: Missing, Row: c.label(c.want, r)})
			continue
		}
		i, _ := c.best(r, found[k])
		all = append(all, Difference{Kind: Different, Row: c.label(c.want, r), Values: c.differing(r, found[k][i])})
		found[k] = slices.Delete(found[k], i, i+1)
		taken[k]++
	}
	for _, r := range c.got.Rows { // in the order of the dataset
		k := c.keyOf(c.got, r, key)
		if taken[k] > 0 { // the first of equal keys are those that were paired
			taken[k]--
			continue
		}
		if rest := found[k]; len(rest) > 0 {
			all = append(all, Difference{Kind: Unexpected, Row: c.label(c.got, rest[0])})
			found[k] = rest[1:]
		}
	}
	return all
}

// best is the place of the row that differs least, and in how many values it does.
func (c *comparison) best(r Row, from []Row) (at, least int) {
	least = math.MaxInt
	for i := range from {
		if n := len(c.differing(r, from[i])); n < least {
			least, at = n, i
		}
		if least == 0 {
			break
		}
	}
	return at, least
}

func (c *comparison) keyOf(t *Table, r Row, key []string) string {
	parts := make([]string, len(key))
	for i, name := range key {
		cell := t.cell(r, name)
		if parts[i] = canonical(cell, c.kinds[name]); blank(cell) && c.untyped[name] {
			parts[i] = "\x00"
		}
	}
	return strings.Join(parts, "\x1f")
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
