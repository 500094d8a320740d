package ddbexpr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Env holds what placeholders stand for.
type Env struct {
	Names  map[string]string
	Values map[string]types.AttributeValue
}

// elem is an attribute name (perhaps a #placeholder) or, if name is "", an
// index.
type elem struct {
	name  string
	index int
}

type path []elem

// Path is a document path whose placeholders are resolved.
type Path path

// Attribute returns the top-level attribute that the path leads into.
func (p Path) Attribute() string { return p[0].name }

// String writes p as AWS's messages do: [a, b, [0]].
func (p Path) String() string {
	parts := make([]string, len(p))
	for i, e := range p {
		parts[i] = e.name
		if e.name == "" {
			parts[i] = fmt.Sprintf("[%d]", e.index)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (p path) resolve(env Env) Path {
	out := make(Path, len(p))
	for i, e := range p {
		out[i] = elem{name: env.name(e.name), index: e.index}
	}
	return out
}

func (env Env) name(raw string) string {
	if strings.HasPrefix(raw, "#") {
		return env.Names[raw]
	}
	return raw
}

// get returns the value at p, or nil.
func (p path) get(item Item, env Env) Value {
	v := item[env.name(p[0].name)]
	for _, e := range p[1:] {
		if v = child(v, elem{env.name(e.name), e.index}); v == nil {
			return nil
		}
	}
	return v
}

func child(v Value, e elem) Value {
	switch v := v.(type) {
	case *types.AttributeValueMemberM:
		if e.name != "" {
			return v.Value[e.name]
		}
	case *types.AttributeValueMemberL:
		if e.name == "" && e.index < len(v.Value) {
			return v.Value[e.index]
		}
	}
	return nil
}

// checkOverlap refuses paths of which one leads through another, or that need
// one attribute to be both a map and a list.
func checkOverlap(kind string, paths []Path) error {
	for i, p := range paths {
		for _, q := range paths[:i] {
			n := 0
			for n < len(p) && n < len(q) && p[n] == q[n] {
				n++
			}
			switch {
			case n == len(p) || n == len(q):
				return Invalid("Invalid %s: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", kind, q, p)
			case (p[n].name == "") != (q[n].name == ""):
				return Invalid("Invalid %s: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", kind, q, p)
			}
		}
	}
	return nil
}

// refs lists the placeholders that an expression uses, once each.
type refs struct{ names, values []string }

func (r *refs) addName(n string) {
	if !slices.Contains(r.names, n) {
		r.names = append(r.names, n)
	}
}

func (r *refs) addValue(v string) {
	if !slices.Contains(r.values, v) {
		r.values = append(r.values, v)
	}
}

func (r *refs) placeholders() *refs { return r }

func (r *refs) checkDefined(kind string, env Env) error {
	for _, n := range r.names {
		if _, ok := env.Names[n]; !ok {
			return Invalid("Invalid %s: An expression attribute name used in the document path is not defined; attribute name: %s", kind, n)
		}
	}
	for _, v := range r.values {
		if _, ok := env.Values[v]; !ok {
			return Invalid("Invalid %s: An expression attribute value used in expression is not defined; attribute value: %s", kind, v)
		}
	}
	return nil
}

// Expression is a parsed expression of any kind.
type Expression interface{ placeholders() *refs }

// CheckUsed refuses names and values in env that none of exprs uses. Nil
// expressions are skipped.
func CheckUsed(env Env, exprs ...Expression) error {
	var all refs
	for _, e := range exprs {
		r := e.placeholders()
		if r == nil {
			continue
		}
		for _, n := range r.names {
			all.addName(n)
		}
		for _, v := range r.values {
			all.addValue(v)
		}
	}
	if len(env.Names) != len(all.names) {
		return unused("ExpressionAttributeNames", keysOf(env.Names), all.names)
	}
	if len(env.Values) != len(all.values) {
		return unused("ExpressionAttributeValues", keysOf(env.Values), all.values)
	}
	return nil
}

func keysOf[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func unused(what string, given, used []string) error {
	extra := slices.DeleteFunc(given, func(k string) bool { return slices.Contains(used, k) })
	return Invalid("Value provided in %s unused in expressions: keys: {%s}", what, strings.Join(extra, ", "))
}
