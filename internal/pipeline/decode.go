package pipeline

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
)

// decoder fills Go values from nodes by their json tags. Unlike the libraries'
// it goes on after an error, and remembers where each value was written.
type decoder struct {
	*faults
	strict bool // null is an error, and so is a number where text belongs
}

func (d *decoder) spec(root *node, s *Spec) {
	d.value(nil, root, reflect.ValueOf(s).Elem())
}

func (d *decoder) value(p *place, n *node, v reflect.Value) {
	if d.at[p.String()] == (position{}) && n.pos != (position{}) {
		d.at[p.String()] = n.pos
	}
	if v.Type() == rawMessage {
		return
	}
	if n.kind == nullNode {
		if d.strict {
			d.add(p, "null is not a value; remove the key or give it a value")
		}
		return // as if it were not written
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(p, n, u)
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if a, ok := v.Addr().Interface().(abbreviated); ok && n.kind != mapNode && n.kind != listNode {
		index, _ := fieldsOf(v.Type())
		d.value(p.key(a.abbreviates()), n, v.Field(index[a.abbreviates()]))
		return
	}
	d.kind(p, n, v)
}

// abbreviated is a table that may be written as the value of one of its keys.
type abbreviated interface{ abbreviates() string }

func (d *decoder) kind(p *place, n *node, v reflect.Value) {
	want, read := mapNode, d.fields
	switch v.Kind() { //nolint:exhaustive // the kinds that Spec is made of
	case reflect.Struct:
	case reflect.Map:
		read = d.entries
	case reflect.Slice:
		want, read = listNode, d.items
		if v.Type() == reflect.TypeFor[Texts]() && n.kind != listNode {
			want, read = textNode, d.only
		}
	default:
		d.scalar(p, n, v)
		return
	}
	if d.expect(p, n, want) {
		read(p, n, v)
	}
}

func (d *decoder) text(p *place, n *node, u encoding.TextUnmarshaler) {
	if !d.expect(p, n, textNode) {
		return
	}
	if err := u.UnmarshalText([]byte(n.text)); err != nil {
		what, examples := "duration", "90s, 30m, 2h"
		if _, ok := u.(*Bytes); ok {
			what, examples = "number of bytes", "1000000, 500MB, 10GiB"
		}
		d.add(p, "invalid %s %q (examples: %s)", what, n.text, examples)
		d.taint(p)
	}
}

func (d *decoder) scalar(p *place, n *node, v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // the kinds that Spec is made of
	case reflect.String:
		if d.expect(p, n, textNode) {
			v.SetString(n.text)
		}
	case reflect.Bool:
		if d.expect(p, n, boolNode) {
			v.SetBool(n.text == "true")
		}
	default:
		if !d.expect(p, n, numNode) {
			return
		}
		i, err := strconv.ParseInt(n.text, 10, 64)
		if err != nil {
			d.add(p, "%s is not an integer; use digits only", n.text)
			d.taint(p)
			return
		}
		v.SetInt(i)
	}
}

// expect reports a node of the wrong kind. Numbers and booleans serve as texts,
// as written, so that an argument like 5 needs no quotes.
func (d *decoder) expect(p *place, n *node, want nodeKind) bool {
	plain := want == textNode && (n.kind == numNode || n.kind == boolNode)
	if n.kind == want || plain && !d.strict {
		return true
	}
	hint := ""
	switch {
	case plain:
		hint = "; put it in quotes"
	case want == listNode && n.kind == textNode:
		hint = "; write [" + n.text + "]"
	case want == textNode && n.kind == mapNode:
		hint = `; put quotes around templates and around texts with ": " or "{"`
	}
	d.add(p, "expected %s, found %s%s", want, n.kind, hint)
	d.taint(p)
	return false
}

func (d *decoder) items(p *place, n *node, v reflect.Value) {
	if len(n.items) == 0 {
		return // nil, as it comes back from JSON with omitempty
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		if item.kind == nullNode {
			d.addAt(item.pos, p.index(i), `empty list item; remove it, or write "" for an empty string`)
			d.taint(p.index(i))
			continue
		}
		d.value(p.index(i), item, v.Index(i))
	}
}

// only reads a list that is written as its only entry.
// only reads a text in the place of a list of them.
func (d *decoder) only(p *place, n *node, v reflect.Value) {
	d.items(p, &node{kind: listNode, pos: n.pos, items: []*node{n}}, v)
}

func (d *decoder) entries(p *place, n *node, v reflect.Value) {
	if len(n.keys) == 0 {
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.keys)))
	for _, m := range d.unique(p, n) {
		if m.value.kind == nullNode && v.Type().Elem().Kind() == reflect.String {
			d.addAt(m.pos, p.key(m.name), `no value; remove the key, or write "" for an empty string`)
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(p.key(m.name), m.value, e)
		v.SetMapIndex(reflect.ValueOf(m.name), e)
	}
}

func (d *decoder) fields(p *place, n *node, v reflect.Value) {
	index, names := fieldsOf(v.Type())
	for _, m := range d.unique(p, n) {
		i, ok := index[m.name]
		if ok {
			d.value(p.key(m.name), m.value, v.Field(i))
			continue
		}
		var meant string
		if len(d.list) < maxErrors { // later ones are not printed
			meant = closest(m.name, names)
		}
		d.addAt(m.pos, p.key(m.name), "unknown key; %s", didYouMean(meant, names))
		if meant != "" {
			d.taint(p.key(meant))
		}
	}
}

// unique returns the entries of n and reports the doubled ones.
func (d *decoder) unique(p *place, n *node) []member {
	seen := make(map[string]bool, len(n.keys))
	var once []member
	for _, m := range n.keys {
		if seen[m.name] {
			d.addAt(m.pos, p.key(m.name), "duplicate key; remove one")
			continue
		}
		seen[m.name] = true
		once = append(once, m)
	}
	return once
}

// fieldsOf returns the index of each field of a struct by its json name, and
// the names in order.
func fieldsOf(t reflect.Type) (index map[string]int, names []string) {
	index = make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		index[name] = i
		names = append(names, name)
	}
	return index, names
}
