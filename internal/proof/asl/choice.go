package asl

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// choice is a rule of a Choice state.
type choice struct {
	test test
	next string
}

// test is a data test or a boolean operator over tests.
type test func(e env) (bool, *failure)

func parseChoice(r *reader, s *state) {
	r.optional("Default", &s.fallback)
	r.list("Choices", func(r *reader) {
		var c choice
		r.require("Next", &c.next)
		c.test = parseTest(r)
		s.choices = append(s.choices, c)
	})
	if len(s.choices) == 0 {
		r.errorf("Choices is missing")
	}
}

func parseTest(r *reader) test {
	var comment string
	r.optional("Comment", &comment)
	for _, op := range []string{"And", "Or"} {
		if _, ok := r.fields[op]; ok {
			var tests []test
			r.list(op, func(r *reader) { tests = append(tests, parseTest(r)) })
			return combine(op == "And", tests)
		}
	}
	if raw, ok := r.take("Not"); ok {
		inner, err := readObject(r.where+": Not", raw)
		if err != nil {
			r.errs = append(r.errs, err)
			return nil
		}
		t := parseTest(inner)
		r.errs = append(r.errs, inner.close())
		return func(e env) (bool, *failure) {
			ok, err := t(e)
			return !ok, err
		}
	}
	return parseDataTest(r)
}

// combine stops at the first test that decides.
func combine(and bool, tests []test) test {
	return func(e env) (bool, *failure) {
		for _, t := range tests {
			if ok, err := t(e); err != nil || ok != and {
				return ok, err
			}
		}
		return and, nil
	}
}

func parseDataTest(r *reader) test {
	if _, ok := r.fields["Variable"]; !ok {
		r.errorf("Variable is missing")
		return nil
	}
	variable := r.path("Variable")
	var found []string
	for name := range r.fields {
		if isTypeTest(name) || comparison(name) != nil {
			found = append(found, name)
		}
	}
	if len(found) != 1 || variable == nil {
		r.errorf("wants exactly one comparison that this interpreter knows")
		return nil
	}
	raw, _ := r.take(found[0])
	var t test
	var err error
	if isTypeTest(found[0]) {
		t, err = typeTest(found[0], variable, raw)
	} else {
		t, err = comparisonTest(found[0], variable, raw)
	}
	if err != nil {
		r.errorf("%s: %w", found[0], err)
	}
	return t
}

var typeTests = map[string]func(v any) bool{
	"IsPresent":   func(any) bool { return true },
	"IsNull":      func(v any) bool { return v == nil },
	"IsString":    func(v any) bool { _, ok := v.(string); return ok },
	"IsNumeric":   func(v any) bool { _, ok := v.(json.Number); return ok },
	"IsBoolean":   func(v any) bool { _, ok := v.(bool); return ok },
	"IsTimestamp": func(v any) bool { _, ok := timestamp(v); return ok },
}

func isTypeTest(name string) bool { return typeTests[name] != nil }

func typeTest(name string, variable *path, raw json.RawMessage) (test, error) {
	var want bool
	if err := json.Unmarshal(raw, &want); err != nil {
		return nil, err
	}
	return func(e env) (bool, *failure) {
		v, err := read(variable, e)
		if err != nil && name != "IsPresent" {
			return false, err
		}
		return (err == nil && typeTests[name](v)) == want, nil
	}, nil
}

func read(p *path, e env) (any, *failure) {
	data := e.data
	if p.context {
		data = e.run.context()
	}
	v, ok := p.get(data)
	if !ok {
		return nil, fail(errRuntime, "%s Invalid path '%s': The choice state's condition path references an invalid value.", e.run.where(), p.text)
	}
	return v, nil
}

// comparison returns the function behind the name of a comparison, such as
// NumericLessThanEquals, without "Path"; it is false for values of any other
// type.
func comparison(name string) func(a, b any) bool {
	name = strings.TrimSuffix(name, "Path")
	if name == "StringMatches" {
		return stringMatches
	}
	if name == "BooleanEquals" {
		return func(a, b any) bool { x, ok := a.(bool); y, ok2 := b.(bool); return ok && ok2 && x == y }
	}
	for prefix, compare := range orders {
		op, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		if want, ok := operators[op]; ok {
			return func(a, b any) bool {
				c, ok := compare(a, b)
				return ok && slices.Contains(want, c)
			}
		}
	}
	return nil
}

var operators = map[string][]int{
	"Equals": {0}, "LessThan": {-1}, "LessThanEquals": {-1, 0}, "GreaterThan": {1}, "GreaterThanEquals": {0, 1},
}

var orders = map[string]func(a, b any) (int, bool){
	"String": func(a, b any) (int, bool) {
		x, ok := a.(string)
		y, ok2 := b.(string)
		return cmp.Compare(x, y), ok && ok2
	},
	"Numeric": func(a, b any) (int, bool) {
		x, ok := number(a)
		y, ok2 := number(b)
		return cmp.Compare(x, y), ok && ok2
	},
	"Timestamp": func(a, b any) (int, bool) {
		x, ok := timestamp(a)
		y, ok2 := timestamp(b)
		return x.Compare(y), ok && ok2
	},
}

func timestamp(v any) (time.Time, bool) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

func comparisonTest(name string, variable *path, raw json.RawMessage) (test, error) {
	want, err := decode(raw)
	if err != nil {
		return nil, err
	}
	compare := comparison(name)
	if !strings.HasSuffix(name, "Path") {
		if !wellTyped(name, want) {
			return nil, fmt.Errorf("%v has the wrong type", want)
		}
		return func(e env) (bool, *failure) {
			v, err := read(variable, e)
			return err == nil && compare(v, want), err
		}, nil
	}
	text, _ := want.(string)
	other, err := parsePath(text)
	if err != nil {
		return nil, err
	}
	return func(e env) (bool, *failure) {
		v, err := read(variable, e)
		if err != nil {
			return false, err
		}
		w, err := read(other, e)
		return err == nil && compare(v, w), err
	}, nil
}

// wellTyped tells whether a comparison can be true for want at all.
func wellTyped(name string, want any) bool {
	if name == "BooleanEquals" {
		_, ok := want.(bool)
		return ok
	}
	for prefix, compare := range orders {
		if strings.HasPrefix(name, prefix) {
			_, ok := compare(want, want)
			return ok
		}
	}
	return false
}

// stringMatches knows * for any characters, and \* for the star itself.
func stringMatches(a, b any) bool {
	s, ok := a.(string)
	pattern, ok2 := b.(string)
	if !ok || !ok2 {
		return false
	}
	const star = "\x00"
	parts := strings.Split(strings.ReplaceAll(pattern, `\*`, star), "*")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(p, star, "*")
	}
	if len(parts) == 1 {
		return s == parts[0]
	}
	s, ok = strings.CutPrefix(s, parts[0])
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return ok && strings.HasSuffix(s, last)
}
