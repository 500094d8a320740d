package rows_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ephemr/internal/rows"
)

// TestManyRows: the time for a comparison does not grow with the square of the rows.
func TestManyRows(t *testing.T) {
	t.Parallel()
	const n = 12_000
	csv := func(row func(i int) string) *rows.Table {
		var b strings.Builder
		b.WriteString("a,x,y\n")
		for i := range n {
			b.WriteString(row(i) + "\n")
		}
		return table(t, "a.csv", b.String())
	}
	noise := func(i int) float64 { return math.Mod(float64(i)*0.618034, 1) }
	for name, tt := range map[string]struct {
		want, got func(i int) string
		o         rows.Options
		different int
	}{
		"close numbers": {
			func(i int) string { return fmt.Sprintf("a,%d,1", i) }, func(i int) string { return fmt.Sprintf("a,%d.05,1", n-1-i) },
			rows.Options{Tolerance: 0.1},
			0,
		},
		"equal rows": {
			func(int) string { return "a,1,2" }, func(int) string { return "a,1,2" }, rows.Options{}, 0,
		},
		"equal keys": {
			func(i int) string { return fmt.Sprintf("a,%d,2", i) }, func(i int) string { return fmt.Sprintf("a,%d,2", n-1-i) },
			rows.Options{Key: []string{"a"}},
			0,
		},
		"numbers that are all close in one column, and far in another": {
			func(i int) string { return fmt.Sprintf("a,%f,%f", noise(i), noise(i+1)) }, func(i int) string { return fmt.Sprintf("a,%f,%f", noise(i), noise(i+1)+3) },
			rows.Options{Tolerance: 1.5},
			n,
		},
		"no equal rows": {
			func(i int) string { return fmt.Sprintf("a,%d,1", i) }, func(i int) string { return fmt.Sprintf("a,%d,2", i) },
			rows.Options{Key: []string{"a"}},
			n,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := csv(tt.want), csv(tt.got)
			began := time.Now()
			d := rows.Compare(want, got, tt.o)
			if len(d.Differences) != tt.different {
				t.Errorf("%d differences, want %d", len(d.Differences), tt.different)
			}
			if took := time.Since(began); took > time.Minute { // of the square, many minutes
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestClosePairs compares with what a search of all rows finds.
func TestClosePairs(t *testing.T) {
	t.Parallel()
	const tolerance = 1.5
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not a secret
	for range 100 {
		var numbers [2][][3]int
		var tables [2]*rows.Table
		for side := range tables {
			text := "a,x,y\n"
			for range 1 + random.IntN(30) {
				r := [3]int{random.IntN(2), random.IntN(12), random.IntN(5)}
				numbers[side] = append(numbers[side], r)
				text += fmt.Sprintf("%c,%d,%d\n", 'a'+r[0], r[1], r[2])
			}
			tables[side] = table(t, "a.csv", text)
		}
		missing, unexpected := unpaired(numbers[0], numbers[1], tolerance)
		counts := map[string]int{}
		for _, d := range rows.Compare(tables[0], tables[1], rows.Options{Tolerance: tolerance}).Differences {
			counts[d.Kind]++
		}
		if got := counts[rows.Missing] + counts[rows.Different]; got != missing {
			t.Fatalf("%d rows without an equal one, want %d of\n%v\n%v", got, missing, numbers[0], numbers[1])
		}
		if got := counts[rows.Unexpected] + counts[rows.Different]; got != unexpected {
			t.Fatalf("%d rows are not expected, want %d of\n%v\n%v", got, unexpected, numbers[0], numbers[1])
		}
	}
}

// unpaired counts the rows that have no close one, of each side.
func unpaired(want, got [][3]int, tolerance float64) (missing, unexpected int) {
	isClose := func(a, b int) bool { return math.Abs(float64(a-b)) <= tolerance }
	for _, w := range want {
		at := slices.IndexFunc(got, func(g [3]int) bool { return w[0] == g[0] && isClose(w[1], g[1]) && isClose(w[2], g[2]) })
		if at < 0 {
			missing++
		} else {
			got = slices.Delete(slices.Clone(got), at, at+1)
		}
	}
	return missing, len(got)
}
