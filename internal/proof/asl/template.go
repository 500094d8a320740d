package asl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// expr computes a value from a state's data and the context object.
type expr interface {
	eval(env env) (any, *failure)
	paths(visit func(*path))
}

// env is what expressions see; field is the one being computed.
type env struct {
	data  any
	run   *run
	field string
}

type literal struct{ value any }

func (l literal) eval(env) (any, *failure) { return l.value, nil }
func (literal) paths(func(*path))          {}

func (p *path) eval(e env) (any, *failure) {
	data := e.data
	if p.context {
		data = e.run.context()
	}
	v, ok := p.get(data)
	if !ok {
		return nil, fail(errRuntime, "%s The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'", e.run.where(), p.text, e.field, encode(data))
	}
	return v, nil
}

func (p *path) paths(visit func(*path)) { visit(p) }

// object and array are templates with expressions somewhere inside.
type (
	object struct{ fields []field }
	array  []expr
	field  struct {
		name, source string
		value        expr
	}
)

func (o object) eval(e env) (any, *failure) {
	out := make(map[string]any, len(o.fields))
	for _, f := range o.fields {
		e.field = f.source
		v, err := f.value.eval(e)
		if err != nil {
			return nil, err
		}
		out[f.name] = v
	}
	return out, nil
}

func (o object) paths(visit func(*path)) {
	for _, f := range o.fields {
		f.value.paths(visit)
	}
}

func (a array) eval(e env) (any, *failure) {
	out := make([]any, len(a))
	for i, x := range a {
		v, err := x.eval(e)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func (a array) paths(visit func(*path)) {
	for _, x := range a {
		x.paths(visit)
	}
}

// parseTemplate reads Parameters or a ResultSelector: fields whose names end
// in ".$" are paths, all else stands for itself.
func parseTemplate(raw json.RawMessage) (expr, error) {
	v, err := decode(raw)
	if err != nil {
		return nil, err
	}
	if _, ok := v.(map[string]any); !ok {
		return nil, fmt.Errorf("want an object, have %s", raw)
	}
	return template(v)
}

func template(v any) (expr, error) {
	switch v := v.(type) {
	case map[string]any:
		return templateObject(v)
	case []any:
		out := make(array, len(v))
		for i, e := range v {
			x, err := template(e)
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	}
	return literal{v}, nil
}

func templateObject(v map[string]any) (expr, error) {
	var out object
	seen := map[string]bool{}
	for _, k := range slices.Sorted(maps.Keys(v)) {
		name, dynamic := strings.CutSuffix(k, ".$")
		if seen[name] {
			return nil, fmt.Errorf("field %q is there twice", name)
		}
		seen[name] = true
		x, err := templateField(v[k], dynamic)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", k, err)
		}
		out.fields = append(out.fields, field{name, k, x})
	}
	return out, nil
}

func templateField(v any, dynamic bool) (expr, error) {
	if !dynamic {
		return template(v)
	}
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("want a path, have %v", v)
	}
	return parseExpr(s)
}

// parseExpr reads what may stand behind a ".$": a path. Intrinsic functions are
// refused by name.
func parseExpr(s string) (expr, error) {
	if name, _, ok := strings.Cut(s, "("); ok && strings.HasPrefix(name, "States.") {
		return nil, fmt.Errorf("unsupported function %s", name)
	}
	return parsePath(s)
}
