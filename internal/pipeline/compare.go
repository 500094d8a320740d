package pipeline

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// equal implements eq: whether a equals one of the others. Numbers that are text are not numbers.
func equal(a, b any, more ...any) (bool, error) {
	for _, other := range append([]any{b}, more...) {
		x, y := comparableValues(a, other)
		if fmt.Sprintf("%T", x) != fmt.Sprintf("%T", y) {
			return false, fmt.Errorf("eq compares %v with %v, which is of another type; write (int …) around text that is a number", a, other)
		}
		if x == y {
			return true, nil
		}
	}
	return false, nil
}

// comparableValues returns a date or time as a text that has the same zone as the other one's.
func comparableValues(a, b any) (x, y any) {
	m, isTime := a.(moment)
	n, isOther := b.(moment)
	if !isTime && !isOther {
		return a, b
	}
	m, err := asMoment(a)
	n, other := asMoment(b)
	if err != nil || other != nil {
		return fmt.Sprint(a), b
	}
	return moment{m.at.UTC(), m.isDate}.String(), moment{n.at.UTC(), n.isDate}.String()
}

// compareOrdered implements lt, le, gt and ge: numbers by value, times by time,
// other texts by their letters.
func compareOrdered(name string, a, b any) (int, error) {
	x, xok := a.(int)
	y, yok := b.(int)
	if xok && yok {
		return x - y, nil
	}
	s, sErr := asText(a)
	t, tErr := asText(b)
	switch {
	case sErr != nil || tErr != nil:
		return 0, fmt.Errorf("%s compares text with a number; write (int …) around the text", name)
	case isNumeric(s) && isNumeric(t):
		return 0, fmt.Errorf("%s compares the numbers %q and %q as text; write (int …) around both", name, s, t)
	}
	if at, err := asMoment(a); err == nil {
		if bt, err := asMoment(b); err == nil {
			return at.at.Compare(bt.at), nil
		}
	}
	return strings.Compare(s, t), nil
}

func ordered(name string, holds func(int) bool) func(a, b any) (bool, error) {
	return func(a, b any) (bool, error) {
		c, err := compareOrdered(name, a, b)
		return err == nil && holds(c), err
	}
}

func isNumeric(s string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return err == nil
}

// integer makes a whole number of text: {{addDays (int .Params.days) .LogicalDate}}.
func integer(v any) (int, error) {
	if n, ok := v.(int); ok {
		return n, nil
	}
	return toInt(fmt.Sprint(v))
}

func toInt(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return n, nil
}

// maxNumber bounds the results of arithmetic.
const maxNumber = 1e15

// arithmetic computes with floating-point numbers, which are exact up to maxNumber and do not overflow.
func arithmetic(compute func(a, b float64) float64) func(a, b int) (int, error) {
	return func(a, b int) (int, error) {
		result := compute(float64(a), float64(b))
		if max(math.Abs(float64(a)), math.Abs(float64(b)), math.Abs(result)) > maxNumber {
			return 0, errors.New("a number is out of range; use up to 10^15")
		}
		return int(result), nil
	}
}
