package rows

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
)

// mostPairs bounds how many pairs of rows are compared to find, for rows that have no equal one,
// those that differ least. Beyond it they are paired in their order.
const mostPairs = 20_000_000

// value is a cell as it is compared.
type value struct {
	text  string  // equal cells have equal texts
	f     float64 // of a finite number that is compared with the tolerance
	close bool    // f is set
}

// values are the cells of a row in the order of the compared columns.
func (c *comparison) values(t *Table, r Row) []value {
	all := make([]value, len(c.names))
	for i, name := range c.names {
		cell, kind := t.cell(r, name), c.kinds[name]
		if blank(cell) && c.untyped[name] { // CSV does not distinguish null from ""
			all[i] = value{text: "\x00"}
			continue
		}
		all[i].text = canonical(cell, kind)
		if kind == Double && c.o.Tolerance > 0 && !cell.Null {
			f, err := strconv.ParseFloat(cell.Text, 64)
			if err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
				all[i].f, all[i].close = f, true
			}
		}
	}
	return all
}

func (c *comparison) all(t *Table) [][]value {
	all := make([][]value, len(t.Rows))
	for i, r := range t.Rows {
		all[i] = c.values(t, r)
	}
	return all
}

func (c *comparison) same(a, b value) bool {
	return a.text == b.text || a.close && b.close && math.Abs(a.f-b.f) <= c.o.Tolerance
}

// pairing is the rows of a comparison, and which of them belong together.
type pairing struct {
	*comparison

	wanted, found [][]value
	key           []int // places of the columns that rows of a pair have in common
	taken         []bool
	compared      int
}

// keyOf identifies rows that may be a pair; exactOf those that are one if their numbers are close.
func (p *pairing) keyOf(r []value) string {
	var b []byte
	for _, i := range p.key {
		b = appendText(b, r[i].text)
	}
	return string(b)
}

func (p *pairing) exactOf(r []value) (exact string, numbers []float64) {
	var b []byte
	for i, v := range r {
		if v.close && !slices.Contains(p.key, i) {
			b, numbers = append(b, 0xff), append(numbers, v.f)
			continue
		}
		b = appendText(b, v.text)
	}
	return string(b), numbers
}

// appendText appends a text with its length, so that ("a", "bc") is not ("ab", "c").
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(append(b, 0), uint64(len(text))), text...)
}

// equal pairs each row, in its order, with the first equal one that is left, and returns the
// rows that have none.
func (p *pairing) equal() (rest []int) {
	points := map[string]*cluster{}
	for i, r := range p.found {
		exact, numbers := p.exactOf(r)
		if points[exact] == nil {
			points[exact] = &cluster{}
		}
		points[exact].add(i, numbers)
	}
	for i, r := range p.wanted {
		exact, numbers := p.exactOf(r)
		at := none
		if c := points[exact]; c != nil {
			at = c.take(numbers, p.o.Tolerance)
		}
		if at == none {
			rest = append(rest, i)
		} else {
			p.taken[at] = true
		}
	}
	return rest
}

// similar pairs rows that have no equal one with the one of the same key that differs least.
// It returns the place of that row, or none.
func (p *pairing) similar(rest []int) []int {
	left := map[string][]int{}
	for i, r := range p.found {
		if k := p.keyOf(r); !p.taken[i] {
			left[k] = append(left[k], i)
		}
	}
	to := make([]int, len(rest))
	for n, i := range rest {
		k := p.keyOf(p.wanted[i])
		for len(left[k]) > 0 && p.taken[left[k][0]] {
			left[k] = left[k][1:]
		}
		if to[n] = p.best(p.wanted[i], left[k]); to[n] != none {
			p.taken[to[n]] = true
		}
	}
	return to
}

// best is the place of the row that differs least, the first of several.
func (p *pairing) best(r []value, from []int) int {
	at, least := none, math.MaxInt
	for _, i := range from {
		if at != none && p.compared >= mostPairs {
			break
		}
		if p.compared++; p.taken[i] {
			continue
		}
		if n := p.differences(r, p.found[i]); n < least {
			at, least = i, n
		}
	}
	return at
}

func (p *pairing) differences(a, b []value) (n int) {
	for i := range a {
		if !p.same(a[i], b[i]) {
			n++
		}
	}
	return n
}
