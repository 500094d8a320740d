package generate

import (
	"encoding/binary"
	"math/rand/v2"
)

const (
	blockRows = 8192

	// nearby is how far before a row the one is that it repeats, at most.
	nearby = 100
)

// source makes the rows of parts, a block at a time. What is in a block depends
// on the seed and the block's place only, so that parts can be made in any order.
type source struct {
	spec    Spec
	columns []column
	picks   map[int]*pick // by the number of choices; shared, read only
	random  *rand.ChaCha8

	part  part
	first int64   // of the block's rows, numbered over the dataset
	late  float64 // share

	cells  [][]int64 // of the block, by column
	counts Counts
}

// Counts are what was planted on purpose.
type Counts struct {
	Duplicates int64            `json:"duplicates"` // rows that repeat an earlier one
	Late       int64            `json:"late"`       // rows of a date before that of their partition
	Nulls      map[string]int64 `json:"nulls"`      // by column
}

func newSource(s Spec, picks map[int]*pick) *source {
	g := &source{spec: s, columns: datasets[s.Dataset], picks: picks, random: &rand.ChaCha8{}, late: s.Late, counts: Counts{Nulls: map[string]int64{}}}
	for range g.columns {
		g.cells = append(g.cells, make([]int64, blockRows))
	}
	return g
}

// picksOf returns what the columns of a dataset draw from.
func picksOf(s Spec) map[int]*pick {
	picks := map[int]*pick{}
	for _, n := range []int{Stores, customers} {
		picks[n] = newPick(n, s.Skew)
	}
	for _, c := range datasets[s.Dataset] {
		if n := len(c.words); n > 0 && picks[n] == nil {
			picks[n] = newPick(n, s.Skew)
		}
	}
	return picks
}

// block makes rows [from, from+n) of the part.
func (g *source) block(p part, from, n int64) [][]int64 {
	g.part, g.first = p, p.first+from
	for i := range g.columns {
		c := &g.columns[i]
		g.cells[i] = g.cells[i][:n]
		g.at(i)
		if c.kind == word {
			anyWord(g, c, g.cells[i])
		} else {
			c.fill(g, g.cells[i])
		}
		if c.nullable {
			g.erase(g.cells[i])
		}
	}
	g.at(len(g.columns))
	g.repeat(int(n))
	g.count()
	return g.cells
}

// at goes to the random numbers of a column of the block.
func (g *source) at(column int) {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], g.spec.Seed)
	binary.LittleEndian.PutUint64(seed[8:], uint64(g.first)) //nolint:gosec // not negative
	binary.LittleEndian.PutUint64(seed[16:], uint64(column)) //nolint:gosec // not negative
	copy(seed[24:], g.spec.Dataset)
	g.random.Seed(seed)
}

// chance is a number from 0 to below 1.
func chance(r uint64) float64 { return float64(r>>11) / (1 << 53) }

func (g *source) erase(cells []int64) {
	if g.spec.Nulls == 0 {
		return
	}
	for i := range cells {
		if chance(g.random.Uint64()) < g.spec.Nulls {
			cells[i] = null
		}
	}
}

// repeat replaces rows by copies of earlier ones.
func (g *source) repeat(n int) {
	if g.spec.Duplicates == 0 {
		return
	}
	for i := 1; i < n; i++ {
		if chance(g.random.Uint64()) >= g.spec.Duplicates {
			continue
		}
		from := i - 1 - int(g.random.Uint64()%uint64(min(i, nearby))) //nolint:gosec // below nearby
		for _, cells := range g.cells {
			cells[i] = cells[from]
		}
		g.counts.Duplicates++
	}
}

func (g *source) count() {
	for i, c := range g.columns {
		switch {
		case c.kind == timestamp && g.late > 0:
			for _, cell := range g.cells[i] {
				if cell < g.part.date {
					g.counts.Late++
				}
			}
		case c.nullable && g.spec.Nulls > 0:
			for _, cell := range g.cells[i] {
				if cell == null {
					g.counts.Nulls[c.name]++
				}
			}
		}
	}
}

func (c *Counts) add(d Counts) {
	c.Duplicates += d.Duplicates
	c.Late += d.Late
	for name, n := range d.Nulls {
		c.Nulls[name] += n
	}
}
