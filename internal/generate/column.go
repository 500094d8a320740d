package generate

import "math/bits"

// kind is the type of a column. A cell is one number whatever the kind.
type kind int

const (
	integer   kind = iota // 32 bits
	long                  // 64 bits
	double                // the number, divided by a power of ten
	decimal               // the number, with a decimal point; 10 digits
	timestamp             // microseconds since 1970, UTC
	word                  // index of a word
	text                  // a prefix and ten digits
)

// null is the cell that has no value.
const null = -1 << 63

// digits of a text.
const digits = 10

// column is one column of a dataset.
type column struct {
	name     string
	kind     kind
	nullable bool
	decimals int      // of double and decimal
	words    []string // of word
	prefix   string   // of text
	fill     func(*source, []int64)
}

// key numbers the rows of the whole dataset from 1.
func key(s *source, cells []int64) {
	for i := range cells {
		cells[i] = s.first + int64(i) + 1
	}
}

const (
	day = 24 * 60 * 60 * 1_000_000 // microseconds

	// latest is the greatest number of days by which a record is late.
	latest = 3
)

// moment gives times in ascending order over the partition's date. Late records
// are of one of the days before it.
func moment(s *source, cells []int64) {
	at := float64(s.first - s.part.first)
	each := float64(day) / float64(s.part.rows)
	for i := range cells {
		r := s.random.Uint64()
		cells[i] = s.part.date + min(int64((at+float64(i)+float64(r>>40)/(1<<24))*each), day-1)
	}
	if s.late == 0 {
		return
	}
	for i := range cells {
		if r := s.random.Uint64(); chance(r) < s.late {
			cells[i] -= day * (1 + int64(r&(1<<16-1))*latest>>16)
		}
	}
}

// between gives numbers of a range, all equally likely.
func between(least, most int64) func(*source, []int64) {
	width := uint64(most - least + 1) //nolint:gosec // most is not below least
	return func(s *source, cells []int64) {
		for i := range cells {
			high, _ := bits.Mul64(s.random.Uint64(), width)
			cells[i] = least + int64(high) //nolint:gosec // below width
		}
	}
}

// oneOf gives the numbers 1 to n, of which some are more frequent with skew.
func oneOf(n int) func(*source, []int64) {
	return func(s *source, cells []int64) {
		pick := s.picks[n]
		for i := range cells {
			cells[i] = 1 + pick.of(s.random.Uint64())
		}
	}
}

// anyWord gives the words, of which the first are more frequent with skew.
func anyWord(s *source, c *column, cells []int64) {
	pick := s.picks[len(c.words)]
	for i := range cells {
		cells[i] = pick.of(s.random.Uint64())
	}
}
