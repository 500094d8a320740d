package expectation

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
)

// Literal is a value as written in a check. What it is compared with says whether it is
// a number, a time or a text.
type Literal struct {
	Text   string
	Number *big.Rat  // nil = is not a number
	Time   time.Time // zero = is not a date or time; UTC unless it has a zone
}

var numberForm = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$`)

// IsNumber reports whether a text is a decimal number.
func IsNumber(s string) bool { return len(s) <= 400 && numberForm.MatchString(s) }

var timeLayouts = []string{
	time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04",
}

// ParseTime reads a date, or a date and time in a zone or in UTC.
func ParseTime(s string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// ParseLiteral reads a value; every text is one.
func ParseLiteral(s string) Literal {
	l := Literal{Text: s}
	if IsNumber(s) {
		l.Number, _ = new(big.Rat).SetString(s)
	}
	l.Time, _ = ParseTime(s)
	return l
}

// IsTime reports whether the literal is a date or time.
func (l Literal) IsTime() bool { return !l.Time.IsZero() }

// Compare compares literals of the same kind: numbers, times, or texts by their bytes.
func (l Literal) Compare(m Literal) (int, error) {
	switch {
	case l.Number != nil && m.Number != nil:
		return l.Number.Cmp(m.Number), nil
	case l.IsTime() && m.IsTime():
		return l.Time.Compare(m.Time), nil
	case l.Number == nil && m.Number == nil && !l.IsTime() && !m.IsTime():
		return cmp.Compare(l.Text, m.Text), nil
	}
	return 0, fmt.Errorf("%s and %s are not of one kind: use numbers, dates or texts for both", l.Text, m.Text)
}

// Fits reports a literal that no column of a type can be compared with. An unknown type fits.
func (l Literal) Fits(declared string) error {
	t, _ := ParseType(declared)
	base, _, _ := strings.Cut(t, "(")
	switch base {
	case "int", "long", "float", "double", "decimal":
		if l.Number == nil {
			return fmt.Errorf("%q is not a number, but the column is %s", l.Text, declared)
		}
	case "date", "timestamp":
		if !l.IsTime() {
			return fmt.Errorf("%q is not a date or time (examples: 2026-11-30, 2026-11-30T12:00:00Z), but the column is %s", l.Text, declared)
		}
	case "boolean", "struct", "list", "map", "time":
		return fmt.Errorf("a column of type %s has no range", declared)
	}
	return nil
}
