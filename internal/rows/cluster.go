package rows

import (
	"cmp"
	"math"
	"slices"
)

const none = math.MaxInt

// cluster finds rows whose numbers are close to others: a k-d tree in which each node knows
// the first row below it that is left. Parts that are too far, or close as a whole, are not
// descended.
type cluster struct {
	rows   []int // ascending
	points [][]float64
	leaves []int  // nodes, by place of the row
	nodes  []node // the root first; empty = not built yet
}

type node struct {
	low, high           []float64 // bounds of the points below it
	first               int       // row that is left; none = no row is
	left, right, parent int       // nodes; a leaf has no children, which are 0
}

// add adds a row, later ones last. All rows have equally many numbers, which may be none.
func (c *cluster) add(row int, numbers []float64) {
	c.rows, c.points = append(c.rows, row), append(c.points, numbers)
}

// take removes and returns the first row whose numbers each differ by at most the tolerance.
func (c *cluster) take(numbers []float64, tolerance float64) int {
	if len(c.nodes) == 0 {
		c.leaves = make([]int, len(c.rows))
		order := make([]int, len(c.rows))
		for i := range order {
			order[i] = i
		}
		c.build(0, order)
	}
	row := none
	c.find(0, numbers, tolerance, &row)
	if place, ok := slices.BinarySearch(c.rows, row); ok {
		c.remove(c.leaves[place])
	}
	return row
}

// build makes the node of some places of rows, and those below it.
func (c *cluster) build(parent int, places []int) int {
	at := len(c.nodes)
	n := node{first: none, parent: parent, low: slices.Clone(c.points[places[0]]), high: slices.Clone(c.points[places[0]])}
	for _, p := range places {
		n.first = min(n.first, c.rows[p])
		for d, x := range c.points[p] {
			n.low[d], n.high[d] = min(n.low[d], x), max(n.high[d], x)
		}
	}
	c.nodes = append(c.nodes, n)
	if len(places) == 1 {
		c.leaves[places[0]] = at
		return at
	}
	widest := -1
	for d := range n.low {
		if widest < 0 || n.high[d]-n.low[d] > n.high[widest]-n.low[widest] {
			widest = d
		}
	}
	if widest >= 0 {
		slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(c.points[a][widest], c.points[b][widest]) })
	}
	left := c.build(at, places[:len(places)/2])
	right := c.build(at, places[len(places)/2:])
	c.nodes[at].left, c.nodes[at].right = left, right
	return at
}

// find sets row to the first one below a node that is close, if it is before row.
func (c *cluster) find(at int, numbers []float64, tolerance float64, row *int) {
	n := &c.nodes[at]
	if n.first >= *row {
		return
	}
	whole := true
	for d, x := range numbers {
		low, high := n.low[d], n.high[d]
		if low-x > tolerance || x-high > tolerance {
			return
		}
		whole = whole && x-low <= tolerance && high-x <= tolerance
	}
	switch {
	case whole:
		*row = n.first
	case n.left > 0:
		c.find(n.left, numbers, tolerance, row)
		c.find(n.right, numbers, tolerance, row)
	}
}

func (c *cluster) remove(leaf int) {
	c.nodes[leaf].first = none
	for at := leaf; at > 0; {
		at = c.nodes[at].parent
		n := &c.nodes[at]
		n.first = min(c.nodes[n.left].first, c.nodes[n.right].first)
	}
}
