package expectation

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Comparison is a bound on a number of rows, files or bytes.
type Comparison struct {
	op   string
	than int64
	unit string // how than was written, if not as a number
}

var comparisonForm = regexp.MustCompile(`^\s*(=|==|!=|<|<=|>|>=)\s*(\d[\d_]{0,17})\s*$`)

// ParseComparison reads e.g. ">= 1000" or "!= 0". Underscores may group digits.
func ParseComparison(s string) (Comparison, error) {
	m := comparisonForm.FindStringSubmatch(s)
	if m == nil {
		return Comparison{}, fmt.Errorf("invalid comparison %q: use one of >= <= > < = != and a number (example: \">= 1000\")", s)
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(m[2], "_", ""), 10, 64)
	if err != nil {
		return Comparison{}, fmt.Errorf("invalid comparison %q: %w", s, err)
	}
	return Comparison{op: m[1], than: n}, nil
}

var sizeForm = regexp.MustCompile(`^\s*(<|<=|>|>=)\s*(\d+(?:\.\d+)?\s*(?:[kKMGT]i?)?B?)\s*$`)

// ParseSize reads a bound on bytes, e.g. "<= 1GB".
func ParseSize(s string) (Comparison, error) {
	m := sizeForm.FindStringSubmatch(s)
	if m == nil {
		return Comparison{}, fmt.Errorf("invalid comparison %q: use one of >= <= > < and a size (examples: \"<= 1GB\", \"> 0\")", s)
	}
	n, err := humanize.ParseBytes(m[2])
	if err != nil || n > 1<<60 {
		return Comparison{}, fmt.Errorf("invalid size %q", m[2])
	}
	return Comparison{op: m[1], than: int64(n), unit: m[2]}, nil
}

func (c Comparison) String() string {
	if c.unit != "" {
		return c.op + " " + c.unit
	}
	return fmt.Sprintf("%s %d", c.op, c.than)
}

// Holds reports whether n is as expected.
func (c Comparison) Holds(n int64) bool {
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

// Share is a part of a number: a percentage of it, or a number itself.
type Share struct {
	percent *big.Rat
	count   *big.Rat
	text    string
}

var shareForm = regexp.MustCompile(`^(\d{1,18}(?:\.\d{1,9})?)\s*(%?)$`)

// ParseShare reads e.g. "0.5%" or "10"; "" is none.
func ParseShare(s string) (Share, error) {
	if s == "" {
		return Share{count: new(big.Rat)}, nil
	}
	m := shareForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return Share{}, fmt.Errorf("invalid share %q: use a percentage or a number (examples: 0.5%%, 10)", s)
	}
	n, _ := new(big.Rat).SetString(m[1]) // has digits only
	if m[2] == "" {
		return Share{count: n, text: m[1]}, nil
	}
	if n.Cmp(big.NewRat(100, 1)) > 0 {
		return Share{}, fmt.Errorf("invalid share %q: at most 100%%", s)
	}
	return Share{percent: n, text: m[1] + "%"}, nil
}

// Of is the greatest number that is at most the share of all.
func (s Share) Of(all *big.Rat) *big.Rat {
	if s.percent == nil {
		return s.count
	}
	part := new(big.Rat).Mul(s.percent, new(big.Rat).Abs(all))
	return part.Quo(part, big.NewRat(100, 1))
}

// Allows reports whether n of all is within the share.
func (s Share) Allows(n, all int64) bool {
	return n == 0 || big.NewRat(n, 1).Cmp(s.Of(big.NewRat(all, 1))) <= 0
}

// None reports whether the share allows nothing.
func (s Share) None() bool {
	return (s.percent == nil || s.percent.Sign() == 0) && (s.count == nil || s.count.Sign() == 0)
}

func (s Share) String() string { return s.text }

// ParseAge reads a duration; whole days may be written like 7d.
func ParseAge(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n > 0 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("invalid duration %q (examples: 90m, 24h, 7d)", s)
	}
	return d, nil
}

var partitionForm = regexp.MustCompile(`^[^/=]+=[^/=]+(/[^/=]+=[^/=]+)*/?$`)

func validPartition(s string) error {
	if !partitionForm.MatchString(s) {
		return errors.New("invalid partition " + strconv.Quote(s) + ": use column=value, and / between several (example: dt=2026-11-30)")
	}
	return nil
}
