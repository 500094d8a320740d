package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"ephemr/internal/pipeline/layout"
)

// value is what is known of a template's value before any run.
type value struct {
	kind    valueKind
	literal bool   // written in the template itself
	text    string // of a literal
	param   *Param // that the value comes from
	shown   string // as the template writes it
}

// valueKind is the type of a value.
type valueKind string

const (
	anyValue    valueKind = "" // not known
	textValue   valueKind = "text"
	timeValue   valueKind = "a date or time" // a text as well
	numberValue valueKind = "a number"
	boolValue   valueKind = "true or false"
)

func (v value) isText() bool { return v.kind == textValue || v.kind == timeValue }

// signature is what a function takes and returns. Package text/template finds a
// value of the wrong type only when it runs the template.
type signature struct {
	args   []argument
	result valueKind
}

// argument checks one argument of a function; it returns what is wrong, or "".
type argument func(fn string, v value) string

var signatures = map[string]signature{
	"date":       {[]argument{aLayout, aTime}, textValue},
	"addDays":    {[]argument{aNumber, aTime}, timeValue},
	"lower":      {[]argument{aText}, textValue},
	"upper":      {[]argument{aText}, textValue},
	"trimPrefix": {[]argument{aText, theValue}, textValue},
	"trimSuffix": {[]argument{aText, theValue}, textValue},
	"replace":    {[]argument{aText, aText, theValue}, textValue},
	"default":    {[]argument{aText, theValue}, textValue},
	"output":     {[]argument{aText, aText}, textValue},
	"base":       {[]argument{aText}, textValue},
	"dir":        {[]argument{aText}, textValue},
	"int":        {[]argument{anInteger}, numberValue},
	"printf":     {nil, textValue},
	"len":        {nil, numberValue},
	"eq":         {nil, boolValue},
	"ne":         {nil, boolValue},
	"lt":         {nil, boolValue},
	"le":         {nil, boolValue},
	"gt":         {nil, boolValue},
	"ge":         {nil, boolValue},
	"not":        {nil, boolValue},
	"index":      {nil, anyValue},
	"and":        {nil, anyValue},
	"or":         {nil, anyValue},
}

// typed checks the arguments of a call and returns what it yields.
func (r *references) typed(fn string, args []value) value {
	sig, ok := signatures[fn]
	if !ok {
		return value{}
	}
	for i, check := range sig.args {
		if i < len(args) {
			if msg := check(fn, args[i]); msg != "" {
				r.fault("%s", msg)
			}
		}
	}
	switch fn {
	case "eq", "ne":
		r.sameKind(fn, args)
	case "lt", "le", "gt", "ge":
		r.comparable(fn, args)
	case "and", "or", "not":
		for _, a := range args {
			r.condition(a)
		}
		if fn != "not" && len(args) > 0 && !slices.ContainsFunc(args, func(a value) bool { return a.kind != boolValue }) {
			return value{kind: boolValue}
		}
	case "printf":
		r.verbs(args)
	case "index":
		return value{} // its type follows from what it names
	}
	return value{kind: sig.result}
}

func aText(fn string, v value) string {
	switch v.kind {
	case anyValue, textValue, timeValue:
		return ""
	case numberValue, boolValue:
	}
	if v.literal {
		return fmt.Sprintf(`%s takes text, and %s is %s; write "%[2]s"`, fn, v.shown, v.kind)
	}
	return fmt.Sprintf(`%s takes text, and %s is %s; write (printf "%%v" %[2]s)`, fn, v.shown, v.kind)
}

// theValue is the last argument, the one that the function changes: a literal
// there means that the arguments are in another order.
func theValue(fn string, v value) string {
	if v.literal && v.isText() {
		return fmt.Sprintf("%s changes its last argument, which is the literal %s; the value comes last, as in {{%s}}", fn, v.shown, usage[fn])
	}
	return aText(fn, v)
}

// usage shows the order of arguments.
var usage = map[string]string{
	"date": `date "2006/01/02" .LogicalTime`, "addDays": "addDays -1 .LogicalDate", "replace": `replace "-" "/" .LogicalDate`,
	"trimPrefix": `trimPrefix "in/" .Trigger.Key`, "trimSuffix": `trimSuffix ".csv" .Trigger.Key`, "default": `default "none" .Params.country`,
}

func aLayout(fn string, v value) string {
	switch {
	case v.kind == timeValue && !v.literal:
		return fmt.Sprintf("%s takes the layout first, and %s is a date; the value comes last, as in {{%s}}", fn, v.shown, usage[fn])
	case v.literal && v.isText():
		if _, err := layout.Parse(v.text); err != nil {
			return err.Error()
		}
	}
	return aText(fn, v)
}

func aTime(fn string, v value) string {
	if v.literal && v.isText() {
		if _, _, err := parseTime(v.text); err != nil {
			return fmt.Sprintf("%s: %v; the value comes last, as in {{%s}}", fn, err, usage[fn])
		}
	}
	return aText(fn, v)
}

func aNumber(fn string, v value) string {
	switch {
	case v.kind == numberValue && v.literal:
		if _, err := strconv.Atoi(v.text); err != nil {
			return fmt.Sprintf("%s takes a whole number, not %s", fn, v.shown)
		}
	case v.isText() && v.literal:
		return fmt.Sprintf("%s takes a number first, not the text %s, as in {{%s}}", fn, v.shown, usage[fn])
	case v.isText():
		return fmt.Sprintf("%s takes a number, and %s is text; write (int %[2]s)", fn, v.shown)
	case v.kind == boolValue:
		return fmt.Sprintf("%s takes a number, and %s is %s", fn, v.shown, v.kind)
	}
	return ""
}

func anInteger(fn string, v value) string {
	if v.literal || v.param != nil && v.param.Default != nil {
		text := v.text
		if !v.literal {
			text = *v.param.Default
		}
		if _, err := toInt(text); err != nil && !isTemplate(text) {
			return fmt.Sprintf("%s: %v", fn, err)
		}
		return ""
	}
	return aText(fn, v)
}

// sameKind rejects {{eq .Params.n 3}}, which fails in every run: params are text.
func (r *references) sameKind(fn string, args []value) {
	for _, a := range args[min(1, len(args)):] {
		first := args[0]
		if first.kind == anyValue || a.kind == anyValue || first.isText() == a.isText() && (first.isText() || first.kind == a.kind) {
			continue
		}
		text, other := first, a
		if a.isText() {
			text, other = a, first
		}
		if other.literal {
			r.fault(`%s compares text with %s; write "%s"`, fn, other.kind, other.shown)
		} else {
			r.fault("%s compares %s (%s) with %s (%s); convert one, as in (int %[2]s)", fn, text.shown, text.kind, other.shown, other.kind)
		}
	}
}

// comparable rejects the order of numbers that are texts: "9" is after "10".
func (r *references) comparable(fn string, args []value) {
	r.sameKind(fn, args)
	for _, a := range args {
		if a.isText() && a.numeric() {
			r.fault("%s compares %s as text, in which 9 is greater than 10; write (int %[2]s)", fn, a.shown)
		}
		if a.kind == boolValue {
			r.fault("%s compares %s, which is %s; use eq", fn, a.shown, a.kind)
		}
	}
}

// numeric reports whether the value is a number written as text.
func (v value) numeric() bool {
	switch {
	case v.literal:
		return isNumeric(v.text)
	case v.param == nil:
		return false
	case v.param.Default != nil && isNumeric(*v.param.Default):
		return true
	}
	return len(v.param.Allowed) > 0 && !slices.ContainsFunc(v.param.Allowed, func(s string) bool { return !isNumeric(s) })
}

func isNumeric(s string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return err == nil
}

// condition rejects {{if .Params.dry}} where the param may be "false": every
// text that is not empty counts as true.
func (r *references) condition(v value) {
	if v.param == nil {
		return
	}
	texts := v.param.Allowed
	if v.param.Default != nil {
		texts = append(slices.Clip(texts), *v.param.Default)
	}
	if slices.Contains(texts, "true") || slices.Contains(texts, "false") {
		r.fault(`%s is text, and the text "false" counts as true in a condition; write (eq %[1]s "true")`, v.shown)
	}
}

// verbs checks a literal format of printf by formatting values of the types that
// are known.
func (r *references) verbs(args []value) {
	if len(args) == 0 || !args[0].literal {
		return
	}
	format, sample := args[0].text, make([]any, 0, len(args))
	for _, a := range args[1:] {
		switch a.kind {
		case numberValue:
			sample = append(sample, 1)
		case boolValue:
			sample = append(sample, true)
		case anyValue:
			return
		case textValue, timeValue:
			sample = append(sample, "")
		}
	}
	if err := checkVerbs(format, sample); err != nil {
		r.fault("%v", err)
	}
}

// badVerb is how package fmt reports that a verb and its value do not agree.
var badVerb = regexp.MustCompile(`%!.?\(.*`)

// checkVerbs reports a format that does not fit its values.
func checkVerbs(format string, args []any) error {
	zero := make([]any, len(args)) // the values themselves may contain what fmt writes
	for i, a := range args {
		switch a.(type) {
		case string:
			zero[i] = ""
		case bool:
			zero[i] = false
		default:
			zero[i] = 0
		}
	}
	out := fmt.Sprintf(strings.ReplaceAll(format, "%%", ""), zero...)
	if m := badVerb.FindString(out); m != "" {
		return fmt.Errorf("printf %q with %d values writes %q: verbs and values do not agree; text takes %%s, numbers take %%d, and (int …) makes a number of text",
			format, len(args), m)
	}
	return nil
}

// typeOf is what is known of a value that is not a call.
func (r *references) typeOf(n parse.Node, root bool) value {
	v := value{shown: n.String()}
	switch n := n.(type) {
	case *parse.StringNode:
		v.kind, v.literal, v.text = textValue, true, n.Text
	case *parse.NumberNode:
		v.kind, v.literal, v.text = numberValue, true, n.Text
	case *parse.BoolNode:
		v.kind, v.literal = boolValue, true
	case *parse.PipeNode:
		got := r.pipe(n, root)
		got.shown = "(" + n.String() + ")"
		return got
	default:
		r.typeOfField(&v, refOf(n, root))
	}
	return v
}

func (r *references) typeOfField(v *value, name []string) {
	switch {
	case len(name) == 1 && (name[0] == "LogicalDate" || name[0] == "LogicalTime"):
		v.kind = timeValue
	case len(name) == 1 && slices.Contains(textFields, name[0]), len(name) == 2 && name[0] != "Jobs", len(name) == 4, len(name) == 3 && name[2] == "State":
		v.kind = textValue
	}
	if len(name) == 2 && name[0] == "Params" {
		if p, ok := r.rules.spec.Params[name[1]]; ok {
			v.param = &p
		}
	}
}

// compareOrdered implements lt, le, gt and ge: numbers by value, times by time,
// other texts by their letters.
func compareOrdered(name string, a, b any) (int, error) {
	x, xok := a.(int)
	y, yok := b.(int)
	if xok && yok {
		return x - y, nil
	}
	s, sok := a.(string)
	t, tok := b.(string)
	switch {
	case !sok || !tok:
		return 0, fmt.Errorf("%s compares text with a number; write (int …) around the text", name)
	case isNumeric(s) && isNumeric(t):
		return 0, fmt.Errorf("%s compares the numbers %q and %q as text; write (int …) around both", name, s, t)
	}
	if at, _, err := parseTime(s); err == nil {
		if bt, _, err := parseTime(t); err == nil {
			return at.Compare(bt), nil
		}
	}
	return strings.Compare(s, t), nil
}

func ordered(name string, holds func(int) bool) func(a, b any) (bool, error) {
	return func(a, b any) (bool, error) {
		c, err := compareOrdered(name, a, b)
		return err == nil && holds(c), err
	}
}

// integer makes a whole number of text: {{addDays (int .Params.days) .LogicalDate}}.
func integer(v any) (int, error) {
	if n, ok := v.(int); ok {
		return n, nil
	}
	return toInt(fmt.Sprint(v))
}

func toInt(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return n, nil
}
