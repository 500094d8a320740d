package asl

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// path is a reference path: $.a['b'][0], or the same in the context object
// after $$. Wildcards, slices and filters are refused.
type path struct {
	text    string
	context bool
	steps   []step
}

// step is a field or, if field is "", an index.
type step struct {
	field string
	index int
}

func parsePath(s string) (*path, error) {
	p := &path{text: s}
	rest, ok := strings.CutPrefix(s, "$")
	if !ok {
		return nil, fmt.Errorf("path %q does not start with $", s)
	}
	rest, p.context = strings.CutPrefix(rest, "$")
	for rest != "" {
		st, after, err := parseStep(rest)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", s, err)
		}
		p.steps = append(p.steps, st)
		rest = after
	}
	return p, nil
}

func parseStep(s string) (step, string, error) {
	switch s[0] {
	case '.':
		end := strings.IndexAny(s[1:], ".[")
		if end < 0 {
			end = len(s) - 1
		}
		name := s[1 : 1+end]
		if name == "" || strings.ContainsAny(name, "*@,:?()'\" &|=<>") {
			return step{}, "", fmt.Errorf("unsupported field %q", name)
		}
		return step{field: name}, s[1+end:], nil
	case '[':
		inner, after, ok := strings.Cut(s[1:], "]")
		if !ok {
			return step{}, "", fmt.Errorf("unclosed [")
		}
		st, err := parseSubscript(inner)
		return st, after, err
	}
	return step{}, "", fmt.Errorf("unsupported %q", s)
}

// parseSubscript reads 'name', "name" or an index.
func parseSubscript(s string) (step, error) {
	if n := len(s); n > 2 && s[0] == s[n-1] && (s[0] == '\'' || s[0] == '"') && !strings.Contains(s[1:n-1], s[:1]) {
		return step{field: s[1 : n-1]}, nil
	}
	i, err := strconv.Atoi(s)
	if err != nil || i < 0 {
		return step{}, fmt.Errorf("unsupported subscript [%s]", s)
	}
	return step{index: i}, nil
}

// get returns the value at p in data; ok is false where there is none.
func (p *path) get(data any) (v any, ok bool) {
	v = data
	for _, st := range p.steps {
		switch h := v.(type) {
		case map[string]any:
			if v, ok = h[st.field]; !ok || st.field == "" {
				return nil, false
			}
		case []any:
			if st.field != "" || st.index >= len(h) {
				return nil, false
			}
			v = h[st.index]
		default:
			return nil, false
		}
	}
	return v, true
}

// set returns data with v at p. Data itself stays as it is; objects on the
// way are made, elements of arrays are not.
func (p *path) set(data, v any) (any, bool) { return set(data, p.steps, v) }

func set(data any, steps []step, v any) (any, bool) {
	if len(steps) == 0 {
		return v, true
	}
	st := steps[0]
	if st.field == "" {
		arr, ok := data.([]any)
		if !ok || st.index >= len(arr) {
			return nil, false
		}
		arr = slices.Clone(arr)
		arr[st.index], ok = set(arr[st.index], steps[1:], v)
		return arr, ok
	}
	var obj map[string]any
	switch d := data.(type) {
	case map[string]any:
		obj = maps.Clone(d)
	case nil:
		obj = map[string]any{}
	default:
		return nil, false
	}
	below, ok := set(obj[st.field], steps[1:], v)
	obj[st.field] = below
	return obj, ok
}
