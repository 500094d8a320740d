package quality

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"ephemr/internal/expectation"
	"ephemr/internal/job"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// values adds what is expected of the values of each row. Nulls are allowed unless notNull
// says otherwise.
func (b *builder) values() {
	c := b.check
	for _, name := range c.NotNull {
		b.notNull(name)
	}
	for _, name := range sorted(c.Accepted) {
		b.accepted(name, c.Accepted[name])
	}
	for _, name := range sorted(c.Range) {
		b.between(name, c.Range[name])
	}
	for _, name := range sorted(c.Pattern) {
		b.pattern(name, c.Pattern[name])
	}
	for _, name := range sorted(c.Length) {
		b.length(name, c.Length[name])
	}
	for _, name := range sorted(c.Relationships) {
		b.related(name, c.Relationships[name])
	}
	if len(c.Unique) > 0 {
		b.unique(c.Unique)
	}
}

func (b *builder) notNull(name string) {
	found := func(t tally) string { return fmt.Sprintf("%d nulls in %d rows", t.bad, t.rows) }
	e := &expected{text: "column " + name + " has no nulls", known: footers(b.check, func(f *files) (verdict, bool) {
		nulls, known := f.nulls(name)
		t := tally{rows: f.summary.Rows, bad: nulls}
		if !known || !b.share.Allows(t.bad, t.rows) { // rows that are wrong are read to be shown
			return verdict{}, false
		}
		return within(true, b.share.None(), b.share.String(), found(t)), true
	})}
	b.expectRows(e, []string{name}, func(vs []*vector) (func(int) bool, string) {
		v := vs[0]
		return func(i int) bool { return v.null[i] }, ""
	}, found)
}

func (b *builder) accepted(name string, values []string) {
	e := &expected{text: "column " + name + " is one of " + strings.Join(values, ", ")}
	b.expectRows(e, []string{name}, func(vs []*vector) (func(int) bool, string) { return accept(vs[0], values) }, rowsAreNot)
}

// accept finds values by what they are, and remembers the texts that were seen.
func accept(v *vector, values []string) (func(int) bool, string) {
	if v.kind == texts {
		return remembered(v, func(s string) bool {
			return !slices.ContainsFunc(values, func(a string) bool { return sameText(v, s, a) })
		}), ""
	}
	if v.typ == "boolean" || v.unit > 0 && !v.isTime() {
		return func(i int) bool { return !v.null[i] && !slices.Contains(values, v.text(i)) }, ""
	}
	var same []func(int) (int, bool)
	for _, value := range values {
		f, why := compare(v, expectation.ParseLiteral(value))
		if why != "" {
			return nil, why
		}
		same = append(same, f)
	}
	return func(i int) bool {
		return !v.null[i] && !slices.ContainsFunc(same, func(f func(int) (int, bool)) bool {
			order, ok := f(i)
			return ok && order == 0
		})
	}, ""
}

// sameText reports whether a text is a value; 1.0 is 1 where texts have no type.
func sameText(v *vector, s, value string) bool {
	if s == value || !v.loose {
		return s == value
	}
	n, ok := parseNumber(s)
	m, also := parseNumber(value)
	return ok && also && n.Cmp(m) == 0
}

// memory bounds how many texts are remembered with their result.
const memory = 10_000

// remembered evaluates a text once if there are few different ones.
func remembered(v *vector, bad func(string) bool) func(int) bool {
	seen := map[string]bool{}
	return func(i int) bool {
		if v.null[i] {
			return false
		}
		if v.kind != texts || v.typ == "binary" || v.typ == "uuid" {
			return bad(v.text(i))
		}
		if wrong, known := seen[string(v.texts[i])]; known {
			return wrong
		}
		s := string(v.texts[i])
		wrong := bad(s)
		if len(seen) < memory {
			seen[s] = wrong
		}
		return wrong
	}
}

func (b *builder) between(name string, r job.Bounds) {
	text := "column " + name + " is at least " + r.Min + " and at most " + r.Max
	switch {
	case r.Max == "":
		text = "column " + name + " is at least " + r.Min
	case r.Min == "":
		text = "column " + name + " is at most " + r.Max
	}
	e := &expected{text: text, known: footers(b.check, func(f *files) (verdict, bool) { return f.between(name, r) })}
	b.expectRows(e, []string{name}, func(vs []*vector) (func(int) bool, string) { return outside(vs[0], r) }, rowsAreNot)
}

// outside finds values below the minimum or above the maximum, and those that cannot be
// compared with them.
func outside(v *vector, r job.Bounds) (func(int) bool, string) {
	none := func(int) (int, bool) { return 0, true }
	low, high := none, none
	var why, also string
	if r.Min != "" {
		low, why = compare(v, expectation.ParseLiteral(r.Min))
	}
	if r.Max != "" {
		high, also = compare(v, expectation.ParseLiteral(r.Max))
	}
	if why += also; why != "" {
		return nil, why
	}
	return func(i int) bool {
		if v.null[i] {
			return false
		}
		order, ok := low(i)
		if !ok || order < 0 {
			return true
		}
		order, ok = high(i)
		return !ok || order > 0
	}, ""
}

func (b *builder) pattern(name, text string) {
	p, _ := expectation.ParsePattern(text)
	e := &expected{text: "column " + name + " matches " + text}
	b.expectRows(e, []string{name}, func(vs []*vector) (func(int) bool, string) {
		return remembered(vs[0], func(s string) bool { return !p.MatchString(s) }), ""
	}, rowsAreNot)
}

func (b *builder) length(name string, r job.Bounds) {
	l, _ := expectation.ParseLengths(r)
	text := "column " + name + " has " + r.Min + " to " + r.Max + " characters"
	switch {
	case r.Max == "":
		text = "column " + name + " has at least " + r.Min + " characters"
	case r.Min == "":
		text = "column " + name + " has at most " + r.Max + " characters"
	}
	b.expectRows(&expected{text: text}, []string{name}, func(vs []*vector) (func(int) bool, string) {
		v := vs[0]
		if v.kind == texts && v.typ != "binary" && v.typ != "uuid" {
			return func(i int) bool {
				n := utf8.RuneCount(v.texts[i])
				return !v.null[i] && (n < l.Min || n > l.Max)
			}, ""
		}
		if v.kind == texts {
			return func(i int) bool { return !v.null[i] && (len(v.texts[i]) < l.Min || len(v.texts[i]) > l.Max) }, ""
		}
		return nil, "a column of type " + v.typ + " has no length"
	}, rowsAreNot)
}
