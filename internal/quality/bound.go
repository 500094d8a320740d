package quality

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/expectation"
)

func parseTime(s string) (time.Time, bool) { return expectation.ParseTime(s) }

// compare returns a function that compares the i-th value of a vector with a literal, as
// numbers, as times, or texts as texts. It returns false for a value that cannot be compared.
// Why says that the column's type has no such values.
func compare(v *vector, l expectation.Literal) (f func(i int) (int, bool), why string) {
	switch {
	case v.kind == texts:
		return compareText(v, l), ""
	case v.isTime():
		if !l.IsTime() {
			return nil, strconv.Quote(l.Text) + " is not a date or time, but the column is " + v.typ
		}
		return compareInts(v, units(l.Time, v.unit)), ""
	case v.typ == "boolean" || v.unit > 0:
		return nil, "a column of type " + v.typ + " has no range"
	case l.Number == nil:
		return nil, strconv.Quote(l.Text) + " is not a number, but the column is " + v.typ
	case v.kind == floats:
		return compareFloats(v, l.Number), ""
	case v.kind == bigs || v.wide:
		return func(i int) (int, bool) { return v.number(i).Cmp(l.Number), true }, ""
	}
	return compareInts(v, new(big.Rat).Mul(l.Number, power(v.scale))), ""
}

// units is a time in units since 1970, with a fraction.
func units(t time.Time, unit time.Duration) *big.Rat {
	n := new(big.Rat).SetInt64(t.Unix())
	n.Mul(n, big.NewRat(int64(time.Second), 1))
	n.Add(n, big.NewRat(int64(t.Nanosecond()), 1))
	return n.Quo(n, big.NewRat(int64(unit), 1))
}

// compareInts compares with the integers below and above the number.
func compareInts(v *vector, with *big.Rat) func(int) (int, bool) {
	floor := new(big.Int).Div(with.Num(), with.Denom()) // Euclidean: rounds down, as the denominator is positive
	between := 0
	if !with.IsInt() {
		between = -1 // a value that is equal to the floor is less
	}
	if !floor.IsInt64() {
		return func(int) (int, bool) { return -floor.Sign(), true }
	}
	n := floor.Int64()
	return func(i int) (int, bool) {
		if v.ints[i] == n {
			return between, true
		}
		return cmp.Compare(v.ints[i], n), true
	}
}

// compareFloats compares with the float that is closest to the number. NaN is not comparable.
func compareFloats(v *vector, with *big.Rat) func(int) (int, bool) {
	n, _ := with.Float64()
	if v.typ == "float" {
		short, _ := with.Float32()
		n = float64(short)
	}
	return func(i int) (int, bool) {
		f := v.floats[i]
		return cmp.Compare(f, n), !math.IsNaN(f)
	}
}

// compareText compares texts as what the literal is.
func compareText(v *vector, l expectation.Literal) func(int) (int, bool) {
	switch {
	case l.Number != nil:
		return func(i int) (int, bool) {
			n, ok := parseNumber(string(v.texts[i]))
			if !ok {
				return 0, false
			}
			return n.Cmp(l.Number), true
		}
	case l.IsTime():
		return func(i int) (int, bool) {
			t, ok := parseTime(string(v.texts[i]))
			return t.Compare(l.Time), ok
		}
	}
	return func(i int) (int, bool) { return strings.Compare(v.text(i), l.Text), true }
}

func parseNumber(s string) (*big.Rat, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return big.NewRat(n, 1), true
	}
	if !expectation.IsNumber(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}
