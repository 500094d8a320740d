package asl

import "encoding/json"

// choice is a rule of a Choice state: a comparison of a value with a constant.
type choice struct {
	variable *path
	want     any // a string or a bool; nothing else is equal to it
	next     string
}

func parseChoice(r *reader, s *state) {
	r.optional("Default", &s.fallback)
	r.list("Choices", func(r *reader) {
		var c choice
		var comment string
		r.optional("Comment", &comment)
		r.require("Next", &c.next)
		parseComparison(r, &c)
		s.choices = append(s.choices, c)
	})
	if len(s.choices) == 0 {
		r.errorf("Choices is missing")
	}
}

func parseComparison(r *reader, c *choice) {
	if _, ok := r.fields["Variable"]; !ok {
		r.errorf("Variable is missing")
	}
	c.variable = r.path("Variable")
	if c.variable == nil {
		r.errorf("Variable is null")
	}
	var text string
	var truth bool
	asString, asBoolean := r.optional("StringEquals", &text), r.optional("BooleanEquals", &truth)
	switch {
	case asString == asBoolean:
		r.errorf("wants either StringEquals or BooleanEquals")
	case asString:
		c.want = text
	default:
		c.want = truth
	}
}

// holds says whether the value is equal; one of another type is not.
func (c choice) holds(e env) (bool, *failure) {
	data := e.data
	if c.variable.context {
		data = e.run.context()
	}
	v, ok := c.variable.get(data)
	if !ok {
		return false, fail(errRuntime, "%s Invalid path '%s': The choice state's condition path references an invalid value.", e.run.where(), c.variable.text)
	}
	switch v.(type) {
	case string, bool, json.Number, nil:
		return v == c.want, nil
	}
	return false, nil // objects and arrays cannot be compared
}
