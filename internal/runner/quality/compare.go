package quality

import (
	"fmt"
	"regexp"
	"strconv"
)

// comparison is a bound on a number of rows.
type comparison struct {
	op   string
	than int64
}

var comparisonForm = regexp.MustCompile(`^\s*(=|==|!=|<|<=|>|>=)\s*(\d[\d_]*)\s*$`)

// parseComparison reads e.g. ">= 1000" or "!= 0". Underscores may group digits.
func parseComparison(s string) (comparison, error) {
	m := comparisonForm.FindStringSubmatch(s)
	if m == nil {
		return comparison{}, fmt.Errorf("rows %q: want one of = == != < <= > >= and a number", s)
	}
	n, err := strconv.ParseInt(regexp.MustCompile("_").ReplaceAllString(m[2], ""), 10, 64)
	if err != nil {
		return comparison{}, fmt.Errorf("rows %q: %w", s, err)
	}
	return comparison{m[1], n}, nil
}

func (c comparison) String() string { return fmt.Sprintf("%s %d", c.op, c.than) }

func (c comparison) holds(n int64) bool {
	switch c.op {
	case "!=":
		return n != c.than
	case "<":
		return n < c.than
	case "<=":
		return n <= c.than
	case ">":
		return n > c.than
	case ">=":
		return n >= c.than
	}
	return n == c.than
}
