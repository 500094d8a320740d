package quality

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/internal/expectation"
	"ephemr/internal/footer"
	"ephemr/internal/job"
)

const missing = "no such column"

// typed adds the expectation that every file has a column, and of that type.
func (b *builder) typed(name, want string) {
	e := &expected{text: "column " + name + " is " + want, known: schema(func(f *files) verdict { return f.typed(name, want) })}
	t, _ := expectation.ParseType(want)
	wrong := int64(0)
	e.rule = &rule{columns: []string{name}, begin: func(vs []*vector) (func(int) bool, string) {
		if !vs[0].loose {
			return nil, "" // a partition column, whose values are texts
		}
		fits := remembered(vs[0], func(s string) bool { return !textIs(t, s) })
		return func(i int) bool {
			notThat := fits(i)
			if notThat {
				wrong++
			}
			return notThat
		}, ""
	}, finish: func(t tally) verdict {
		if wrong > 0 {
			return bad("%d of %d values are not", wrong, t.rows)
		}
		return good("all of %d values", t.rows)
	}}
	b.add(e)
}

// schema is a function that is not asked if files have no footers.
func schema(look func(*files) verdict) func(*files) (verdict, bool) {
	return func(f *files) (verdict, bool) {
		if f.summary == nil {
			return verdict{}, false
		}
		return look(f), true
	}
}

// textIs reports whether a text of a format without types is a value of a type.
func textIs(t, s string) bool {
	switch base(t) {
	case "int", "long":
		n, ok := parseNumber(s)
		return ok && n.IsInt() && n.Num().IsInt64() && (t == "long" || n.Num().Int64() == int64(int32(n.Num().Int64()))) //nolint:gosec // that is the question
	case "float", "double", "decimal":
		return expectation.IsNumber(s)
	case "boolean":
		return strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
	case "date":
		_, err := time.Parse(time.DateOnly, s)
		return err == nil
	case "timestamp":
		_, ok := parseTime(s)
		return ok
	}
	return true
}

// only adds the expectation that there are no other columns.
func (b *builder) only() {
	allowed := b.check.Columns
	text := "no columns other than " + named(sorted(allowed))
	judge := func(have []string) verdict {
		more := slices.DeleteFunc(have, func(name string) bool {
			_, ok := allowed[name]
			return ok
		})
		if len(more) > 0 {
			return bad("also %s", named(more))
		}
		return good("no others")
	}
	e := &expected{text: text, known: schema(func(f *files) verdict { return judge(f.top()) })}
	e.rule = &rule{finish: func(t tally) verdict { return judge(slices.Clone(t.columns)) }}
	b.add(e)
}

// types returns how many files have a column of each type.
func (f *files) types(name string) map[string]int {
	if m := f.column(name); m != nil {
		switch {
		case m.Type == footer.Partition:
			return map[string]int{"string": m.Files}
		case len(m.Types) > 0:
			return maps.Clone(m.Types)
		}
		return map[string]int{m.Type: m.Files}
	}
	return maps.Clone(f.summary.Groups[name])
}

func (f *files) column(name string) *footer.Merged {
	for i := range f.summary.Columns {
		if f.summary.Columns[i].Name == name {
			return &f.summary.Columns[i]
		}
	}
	return nil
}

// typed finds whether every file has the column, and of that type.
func (f *files) typed(name, want string) verdict {
	expect, _ := expectation.ParseType(want)
	found := f.types(name)
	if found == nil {
		return bad("%s; columns: %s", missing, named(f.top()))
	}
	have, wrong := 0, false
	for t, n := range found {
		have += n
		wrong = wrong || !expectation.TypeFits(t, expect)
	}
	if rest := len(f.objects) - have; rest > 0 {
		found[missing], wrong = rest, true
	}
	var parts []string
	for _, t := range slices.Sorted(maps.Keys(found)) {
		if len(found) > 1 {
			t = fmt.Sprintf("%s in %d files", t, found[t])
		}
		parts = append(parts, t)
	}
	return verdict{strings.Join(parts, ", "), !wrong}
}

// top are the names of the columns, without fields of structs.
func (f *files) top() (names []string) {
	for _, c := range f.summary.Columns {
		if name, _, _ := strings.Cut(c.Name, "."); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// nulls is the number of nulls of a column, if the footers of all files say it.
func (f *files) nulls(name string) (n int64, known bool) {
	m := f.column(name)
	if m == nil || m.Files < len(f.objects) || m.Nulls == nil || m.Repeated {
		return 0, false
	}
	return *m.Nulls, true
}

// bounded are the types whose bounds in footers can be trusted: those of floats leave out
// NaN, and those of texts may be shortened.
var bounded = []string{"int", "long", "decimal", "date", "timestamp"}

// base is a type without its size.
func base(typ string) string {
	name, _, _ := strings.Cut(typ, "(")
	return name
}

// between finds whether the footers' bounds of a column are within others.
func (f *files) between(name string, r job.Bounds) (verdict, bool) {
	m := f.column(name)
	if m == nil || m.Files < len(f.objects) || m.Min == nil || m.Max == nil || m.Repeated || !slices.Contains(bounded, base(m.Type)) {
		return verdict{}, false
	}
	low, ok := reaches(m.Min.Value, r.Min, 1)
	high, also := reaches(m.Max.Value, r.Max, -1)
	if !ok || !also || !low || !high {
		return verdict{}, false
	}
	return good("%s to %s", m.Min.Value, m.Max.Value), true
}

// reaches reports whether a value is on the right side of a limit, or equal to it.
func reaches(v footer.Value, limit string, side int) (reached, ok bool) {
	if limit == "" {
		return true, true
	}
	l := expectation.ParseLiteral(limit)
	order := 0
	if n, is := v.Number(); is && l.Number != nil {
		order = n.Cmp(l.Number)
	} else if t, is := v.Time(); is && l.IsTime() {
		order = t.Compare(l.Time)
	} else {
		return false, false
	}
	return order == 0 || order == side, true
}

// latest is the greatest date or time of a column, if the footers of all files say it.
func (f *files) latest(name string) (time.Time, bool) {
	m := f.column(name)
	if m == nil || m.Files < len(f.objects) || m.Max == nil || m.Repeated {
		return time.Time{}, false
	}
	return m.Max.Value.Time()
}
