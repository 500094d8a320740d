package expectation

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"ephemr/internal/job"
)

// columns checks the names and types of columns.
func (f *finder) columns() {
	c := f.check
	for _, name := range sorted(c.Columns) {
		if t := c.Columns[name]; !f.later(t) {
			if _, ok := ParseType(t); !ok {
				f.add(at("columns", name), "unknown column type %q; %s", t, meant(t, ColumnTypes))
			}
		}
	}
	f.names("notNull", c.NotNull)
	f.names("unique", c.Unique)
}

func (f *finder) names(key string, names []string) {
	for i, name := range names {
		if name == "" || slices.Contains(names[:i], name) {
			f.add(at(key, i), "%q is empty or a duplicate; remove it", name)
		}
	}
}

// values checks what is expected of the values of columns.
func (f *finder) values() {
	c := f.check
	for _, name := range sorted(c.Accepted) {
		if len(c.Accepted[name]) == 0 {
			f.add(at("accepted", name), "no value is accepted; list those that are")
		}
		for i, v := range c.Accepted[name] {
			if slices.Contains(c.Accepted[name][:i], v) {
				f.add(at("accepted", name, i), "duplicate %q; remove one", v)
			}
		}
	}
	for _, name := range sorted(c.Range) {
		f.between(at("range", name), c.Columns[name], c.Range[name])
	}
	for _, name := range sorted(c.Pattern) {
		f.try(at("pattern", name), c.Pattern[name], func(s string) error { _, err := ParsePattern(s); return err })
		if c.Pattern[name] == "" {
			f.add(at("pattern", name), "empty pattern; write a regular expression that the whole value must match")
		}
	}
	for _, name := range sorted(c.Length) {
		f.lengths(at("length", name), c.Length[name])
	}
	for _, name := range sorted(c.FreshnessOf) {
		f.try(at("freshnessOf", name), c.FreshnessOf[name], func(s string) error { _, err := ParseAge(s); return err })
		if c.FreshnessOf[name] == "" {
			f.add(at("freshnessOf", name), "no age; write the greatest age of the newest value (example: 26h)")
		}
	}
}

// between checks bounds: both of one kind, in order, and of the type that columns says.
func (f *finder) between(path []any, declared string, b job.Bounds) {
	if b.Min == "" && b.Max == "" {
		f.add(path, "no bounds; add min or max, which are allowed themselves")
		return
	}
	low, high := ParseLiteral(b.Min), ParseLiteral(b.Max)
	fits := func(s string) error { return ParseLiteral(s).Fits(declared) }
	f.try(append(path[:2:2], "min"), b.Min, fits)
	f.try(append(path[:2:2], "max"), b.Max, fits)
	if b.Min == "" || b.Max == "" || f.later(b.Min) || f.later(b.Max) {
		return
	}
	switch order, err := low.Compare(high); {
	case err != nil:
		f.add(path, "%v", err)
	case order > 0:
		f.add(path, "min %s is greater than max %s", b.Min, b.Max)
	}
}

func (f *finder) lengths(path []any, b job.Bounds) {
	if b.Min == "" && b.Max == "" {
		f.add(path, "no bounds; add min or max: a number of characters")
		return
	}
	_, err := ParseLengths(b)
	if err != nil && !f.later(b.Min) && !f.later(b.Max) {
		f.add(path, "%v", err)
	}
}

// others checks expectations on other datasets.
func (f *finder) others() {
	for _, name := range sorted(f.check.Relationships) {
		r := f.check.Relationships[name]
		f.address(r.Dataset, "relationships", name, "dataset")
		if r.Column == "" {
			f.add(at("relationships", name), "no column; add the column of %s that must have the values of %s", r.Dataset, name)
		}
	}
	if r := f.check.Reconcile; r != nil {
		f.address(r.Dataset, "reconcile", "dataset")
		f.try(at("reconcile", "tolerance"), r.Tolerance, func(s string) error { _, err := ParseShare(s); return err })
	}
}

// ParsePattern returns a regular expression that matches whole values.
func ParsePattern(s string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(s); err != nil {
		return nil, fmt.Errorf("invalid regular expression %q: %w (syntax: RE2)", s, err)
	}
	return regexp.Compile(`^(?:` + s + `)$`)
}

// Lengths are bounds of a number of characters.
type Lengths struct{ Min, Max int }

// ParseLengths reads bounds of which one may be missing.
func ParseLengths(b job.Bounds) (l Lengths, err error) {
	l = Lengths{0, int(^uint(0) >> 1)}
	read := func(s string, into *int) {
		if s == "" {
			return
		}
		n, bad := strconv.ParseUint(s, 10, 31)
		if bad != nil {
			err = fmt.Errorf("invalid length %q: use a whole number of characters", s)
		}
		*into = int(n)
	}
	read(b.Min, &l.Min)
	read(b.Max, &l.Max)
	if err == nil && l.Min > l.Max {
		err = errors.New("min is greater than max")
	}
	return l, err
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
