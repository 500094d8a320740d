package quality

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
)

// unique adds the expectation that the values of columns, together, are different in
// every row. As in SQL, rows with a null among them are distinct.
func (b *builder) unique(columns []string) {
	seen := newSet(b.checker.maxUnique())
	var rows int64 // without nulls
	e := &expected{text: "unique " + named(columns)}
	b.expectRows(e, columns, func(vs []*vector) (func(int) bool, string) {
		keys := newKeys(vs)
		return func(i int) bool {
			k, null := keys.of(i)
			if null {
				return false
			}
			rows++
			return !seen.add(k)
		}, ""
	}, func(t tally) string { return fmt.Sprintf("%d of %d rows repeat another", t.bad, rows) })
	e.full = func() error {
		if !seen.full {
			return nil
		}
		return invalid("unique %s: there are more than %d different values, which is what fits in memory", named(columns), seen.most)
	}
}

// key identifies the values of a row: a whole number itself, all others by 128 bits of a
// hash with random seeds. For 20 million rows the chance that two different ones share a
// key is below 1 in 10^23.
type key struct{ hi, lo uint64 }

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// whole marks the key of a whole number; the key of a hash never has this half.
const whole = math.MaxUint64

// keys makes the keys of rows.
type keys struct {
	columns []*vector
	buf     []byte
}

func newKeys(columns []*vector) *keys { return &keys{columns: columns} }

// of returns the key of a row. Equal numbers have equal keys, whatever their types are.
func (k *keys) of(i int) (_ key, null bool) {
	for _, v := range k.columns {
		if v.null[i] {
			return key{}, true
		}
	}
	if len(k.columns) == 1 {
		if n, ok := wholeNumber(k.columns[0], i); ok {
			return key{whole, uint64(n)}, false //nolint:gosec // its bits
		}
	}
	k.buf = k.buf[:0]
	for _, v := range k.columns {
		k.add(v, i)
	}
	hi, lo := maphash.Bytes(seeds[0], k.buf), maphash.Bytes(seeds[1], k.buf)
	return key{min(hi, whole-1), lo}, false
}

// wholeNumber returns a value that is one, whatever its type is: also a text that is
// written as numbers are, a decimal such as 1.00, and a float.
func wholeNumber(v *vector, i int) (n int64, ok bool) {
	switch {
	case v.kind == texts:
		return digits(v.texts[i])
	case v.kind == floats:
		f := v.floats[i]
		const most = 1 << 53 // beyond it, a float stands for several numbers
		return int64(f), f == math.Trunc(f) && math.Abs(f) <= most
	case !isNumber(v) || v.wide && v.ints[i] < 0:
		return 0, false
	}
	one := int64(1)
	for range min(v.scale, 18) {
		one *= 10
	}
	return v.ints[i] / one, v.scale <= 18 && v.ints[i]%one == 0
}

func isNumber(v *vector) bool {
	return v.kind == ints && v.unit == 0 && v.typ != "boolean" && !v.isTime()
}

// add writes a value with its length, so that ("a", "bc") is not ("ab", "c").
func (k *keys) add(v *vector, i int) {
	n, isWhole := wholeNumber(v, i)
	switch {
	case isWhole:
		k.buf = binary.LittleEndian.AppendUint64(append(k.buf, 'i'), uint64(n)) //nolint:gosec // its bits
	case v.kind == texts:
		k.buf = binary.AppendUvarint(append(k.buf, 't'), uint64(len(v.texts[i])))
		k.buf = append(k.buf, v.texts[i]...)
	case v.kind == ints && v.scale == 0 && v.unit == 0 && !v.wide:
		k.buf = binary.LittleEndian.AppendUint64(append(k.buf, 'i'), uint64(v.ints[i])) //nolint:gosec // its bits
	case v.kind == ints && v.isTime():
		t := v.time(i)
		k.buf = binary.LittleEndian.AppendUint64(append(k.buf, 'm'), uint64(t.Unix())) //nolint:gosec // its bits
		k.buf = binary.LittleEndian.AppendUint32(k.buf, uint32(t.Nanosecond()))        //nolint:gosec // below 1e9
	case v.kind == floats:
		k.buf = binary.LittleEndian.AppendUint64(append(k.buf, 'f'), math.Float64bits(v.floats[i]+0)) // -0 is 0
	case v.unit > 0:
		k.buf = append(append(k.buf, 'c'), v.text(i)...)
		k.buf = append(k.buf, 0)
	default:
		k.buf = append(append(k.buf, 'n'), v.number(i).RatString()...)
		k.buf = append(k.buf, 0)
	}
}

// digits reads a whole number that is written as numbers are: 7 and -7, not 007, +7 or -0.
func digits(b []byte) (n int64, ok bool) {
	number := bytes.TrimPrefix(b, []byte("-"))
	if len(number) == 0 || len(number) > 19 || number[0] == '0' && len(b) > 1 {
		return 0, false
	}
	for _, d := range number {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 - int64(d-'0') // there are more negative numbers
		if n > 0 {
			return 0, false // too large
		}
	}
	if len(number) < len(b) {
		return n, true
	}
	return -n, n != math.MinInt64
}

// set is a hash table of keys with open addressing.
type set struct {
	slots []key // zero = empty
	used  int
	zero  bool // the key zero is in the set
	most  int
	full  bool // a key was not added because there were already most
}

func newSet(most int) *set { return &set{slots: make([]key, 1<<10), most: most} }

// add reports whether the key is new.
func (s *set) add(k key) bool {
	if k == (key{}) {
		fresh := !s.zero
		s.zero = true
		return fresh
	}
	at := s.find(k)
	if s.slots[at] == k {
		return false
	}
	if s.used >= s.most {
		s.full = true
		return true
	}
	s.slots[at] = k
	if s.used++; s.used*4 > len(s.slots)*3 {
		s.grow()
	}
	return true
}

func (s *set) has(k key) bool {
	return k == (key{}) && s.zero || k != (key{}) && s.slots[s.find(k)] == k
}

// find returns the slot of a key, or the empty one in which it belongs.
func (s *set) find(k key) int {
	mask := uint64(len(s.slots) - 1) //nolint:gosec // is not empty
	at := ((k.lo ^ k.hi) * 0x9e3779b97f4a7c15) >> 20 & mask
	for s.slots[at] != (key{}) && s.slots[at] != k {
		at = (at + 1) & mask
	}
	return int(at) //nolint:gosec // below the length
}

func (s *set) grow() {
	old := s.slots
	s.slots = make([]key, 2*len(old))
	for _, k := range old {
		if k != (key{}) {
			s.slots[s.find(k)] = k
		}
	}
}
