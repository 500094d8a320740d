package pipeline

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// literals reports templates where none are evaluated: they would be taken as
// they are written, as a prefix with braces that no object has.
func (r *rules) literals() {
	evaluated := map[string]bool{"description": true}
	for i := range r.spec.Jobs {
		markEvaluated(evaluated, fieldsOfJob(root("jobs").index(i), &r.spec.Jobs[i]))
		evaluated[root("jobs").index(i).key("if").String()] = true
		evaluated[root("jobs").index(i).key("approve").key("message").String()] = true
	}
	for i := range r.spec.Checks {
		at := root("checks").index(i)
		markEvaluated(evaluated, fieldsOfCheck(at, &r.spec.Checks[i]))
		evaluated[at.key("sql").String()] = true
	}
	markEvaluated(evaluated, fieldsOfOutputs(r.spec.Outputs))
	markEvaluated(evaluated, fieldsOfWaitFor(r.spec.WaitFor))
	markEvaluated(evaluated, fieldsOfPublish(r.spec.Publish))
	for name := range r.spec.Params {
		p := root("params").key(name)
		evaluated[p.key("default").String()], evaluated[p.key("description").String()] = true, true
	}
	r.walk(nil, reflect.ValueOf(r.spec), evaluated)
}

func markEvaluated(evaluated map[string]bool, fields []field) {
	for _, f := range fields {
		evaluated[f.at.String()] = true
	}
}

// walk visits every text of the pipeline.
func (r *rules) walk(p *place, v reflect.Value, evaluated map[string]bool) {
	switch v.Kind() { //nolint:exhaustive // the kinds that Spec is made of
	case reflect.Pointer:
		if !v.IsNil() {
			r.walk(p, v.Elem(), evaluated)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			r.walk(p.key(name), v.Field(i), evaluated)
		}
	case reflect.Slice:
		for i := range v.Len() {
			r.walk(p.index(i), v.Index(i), evaluated)
		}
	case reflect.Map:
		r.walkEntries(p, v, evaluated)
	case reflect.String:
		if !evaluated[p.String()] {
			r.literal(p, v.String())
		}
	}
}

// walkEntries visits the keys and values of a table, in a fixed order.
func (r *rules) walkEntries(p *place, v reflect.Value, evaluated map[string]bool) {
	entries := map[string]reflect.Value{}
	for _, k := range v.MapKeys() {
		entries[k.String()] = v.MapIndex(k)
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		r.literal(p.key(name), name)
		r.walk(p.key(name), entries[name], evaluated)
	}
}

func (r *rules) literal(p *place, text string) {
	if isTemplate(text) {
		r.fault(p, "%q contains a template, and none is evaluated here; write the value itself", text)
	}
}
