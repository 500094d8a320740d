package ddbexpr

import (
	"cmp"
	"math/big"
	"strconv"
	"strings"
)

// Number is a DynamoDB number: up to 38 significant digits, exact. Its value
// is ±0.digits × 10^exp; zero has no digits.
type Number struct {
	neg    bool
	digits string
	exp    int
}

const (
	maxDigits   = 38
	maxExponent = 126  // 9.9…E+125
	minExponent = -129 // 1E-130
)

// ParseNumber reads s as DynamoDB does and refuses what it cannot store.
func ParseNumber(s string) (Number, error) {
	bad := Invalid("The parameter cannot be converted to a numeric value: %s", s)
	rest, neg := strings.CutPrefix(s, "-")
	if !neg {
		rest, _ = strings.CutPrefix(rest, "+")
	}
	exp := 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		e, err := strconv.Atoi(rest[i+1:])
		if err != nil {
			return Number{}, bad
		}
		rest, exp = rest[:i], e
	}
	whole, frac, _ := strings.Cut(rest, ".")
	if whole+frac == "" || span(whole+frac, isDigit) != len(whole+frac) {
		return Number{}, bad
	}
	return normal(neg, whole+frac, exp+len(whole))
}

func normal(neg bool, digits string, exp int) (Number, error) {
	trimmed := strings.TrimLeft(digits, "0")
	exp -= len(digits) - len(trimmed)
	trimmed = strings.TrimRight(trimmed, "0")
	switch {
	case trimmed == "":
		return Number{}, nil
	case len(trimmed) > maxDigits:
		return Number{}, Invalid("Attempting to store more than 38 significant digits in a Number")
	case exp > maxExponent:
		return Number{}, Invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case exp < minExponent:
		return Number{}, Invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	}
	return Number{neg: neg, digits: trimmed, exp: exp}, nil
}

// String writes n without an exponent and without superfluous zeros.
func (n Number) String() string {
	if n.digits == "" {
		return "0"
	}
	var s string
	switch {
	case n.exp <= 0:
		s = "0." + strings.Repeat("0", -n.exp) + n.digits
	case n.exp >= len(n.digits):
		s = n.digits + strings.Repeat("0", n.exp-len(n.digits))
	default:
		s = n.digits[:n.exp] + "." + n.digits[n.exp:]
	}
	if n.neg {
		return "-" + s
	}
	return s
}

func (n Number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.neg:
		return -1
	}
	return 1
}

// Compare orders numbers by value.
func (n Number) Compare(m Number) int {
	if c := cmp.Compare(n.sign(), m.sign()); c != 0 {
		return c
	}
	return n.sign() * cmp.Or(cmp.Compare(n.exp, m.exp), cmp.Compare(n.digits, m.digits))
}

// Add returns n + m, or an error when the sum has too many digits.
func (n Number) Add(m Number) (Number, error) {
	scale := min(n.exp-len(n.digits), m.exp-len(m.digits))
	sum := new(big.Int).Add(n.scaled(scale), m.scaled(scale))
	digits := new(big.Int).Abs(sum).String()
	return normal(sum.Sign() < 0, digits, len(digits)+scale)
}

// Neg returns -n.
func (n Number) Neg() Number {
	n.neg = !n.neg
	return n
}

// scaled returns n / 10^scale, which must be whole.
func (n Number) scaled(scale int) *big.Int {
	i := new(big.Int)
	if n.digits == "" {
		return i
	}
	i.SetString(n.digits+strings.Repeat("0", n.exp-len(n.digits)-scale), 10)
	if n.neg {
		i.Neg(i)
	}
	return i
}

// compareNumbers orders the texts of two stored numbers.
func compareNumbers(a, b string) int {
	if len(a) < 18 && len(b) < 18 {
		x, err := strconv.ParseInt(a, 10, 64)
		y, err2 := strconv.ParseInt(b, 10, 64)
		if err == nil && err2 == nil {
			return cmp.Compare(x, y)
		}
	}
	x, err := ParseNumber(a)
	y, err2 := ParseNumber(b)
	if err != nil || err2 != nil {
		return cmp.Compare(a, b) // stored values are numbers, so never
	}
	return x.Compare(y)
}
