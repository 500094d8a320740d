package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"
	"time"

	"ephemr/internal/pipeline/layout"
)

// value is what is known of a template's value before any run.
type value struct {
	kind    valueKind
	literal bool   // written in the template itself
	zoned   bool   // a time in another zone than UTC
	noTime  bool   // never a date or time
	text    string // of a literal
	param   *Param // that the value comes from
	shown   string // as the template writes it
}

// valueKind is the type of a value.
type valueKind string

const (
	anyValue    valueKind = "" // not known
	textValue   valueKind = "text"
	dateValue   valueKind = "a date"         // as LogicalDate; printed as text
	clockValue  valueKind = "a time"         // as LogicalTime; printed as text
	timeValue   valueKind = "a date or time" // one of both; printed as text
	numberValue valueKind = "a number"
	boolValue   valueKind = "true or false"
)

func (v value) isText() bool { return v.kind == textValue || v.isTime() }
func (v value) isTime() bool {
	return v.kind == timeValue || v.kind == dateValue || v.kind == clockValue
}

// signature is what a function takes and returns. Package text/template finds a
// value of the wrong type only when it runs the template.
type signature struct {
	args   []argument
	result valueKind
}

// argument checks one argument of a function; it returns what is wrong, or "".
type argument func(fn string, v value) string

var signatures = map[string]signature{
	"format":     {[]argument{aLayout, aTime}, textValue},
	"date":       {[]argument{aLayout, aTime}, textValue},
	"inZone":     {[]argument{aZone, aClock}, clockValue},
	"addMinutes": {[]argument{aNumber, aClock}, clockValue},
	"addHours":   {[]argument{aNumber, aClock}, clockValue},
	"addDays":    {[]argument{aNumber, aTime}, timeValue},
	"addWeeks":   {[]argument{aNumber, aTime}, timeValue},
	"addMonths":  {[]argument{aNumber, aTime}, timeValue},
	"addYears":   {[]argument{aNumber, aTime}, timeValue},
	"startOf":    {[]argument{aUnit, aTime}, timeValue},
	"endOf":      {[]argument{aUnit, aTime}, timeValue},
	"isoWeek":    {[]argument{aTime}, numberValue},
	"isoYear":    {[]argument{aTime}, numberValue},
	"unix":       {[]argument{aClock}, numberValue},
	"add":        {[]argument{aNumber, aNumber}, numberValue},
	"sub":        {[]argument{aNumber, aNumber}, numberValue},
	"mul":        {[]argument{aNumber, aNumber}, numberValue},
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
	"index":      {nil, anyValue}, // its type follows from what it names
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
	r.together(fn, args)
	return sig.of(fn, args)
}

// of is the result of a call.
func (sig signature) of(fn string, args []value) value {
	switch v := (value{kind: sig.result}); {
	case sig.result == timeValue && args[len(args)-1].isTime(): // a date stays a date
		return value{kind: args[len(args)-1].kind, zoned: args[len(args)-1].zoned}
	case fn == "format" || fn == "date":
		return formatted(args[0])
	case (fn == "and" || fn == "or") && len(args) > 0 && !slices.ContainsFunc(args, func(a value) bool { return a.kind != boolValue }):
		return value{kind: boolValue}
	case sig.result == clockValue:
		v.zoned = fn == "inZone" || args[len(args)-1].zoned
		return v
	default:
		return v
	}
}

// formatted is what format yields with a layout.
func formatted(text value) value {
	v := value{kind: textValue}
	known, ok := text.known()
	l, err := layout.Parse(known)
	if !ok || err != nil {
		return v
	}
	m, err := asMoment(l.Format(time.Date(2026, 11, 30, 5, 0, 0, 0, time.UTC)))
	switch {
	case err != nil:
		v.noTime = true
	case m.isDate:
		v.kind = dateValue
	default:
		v.kind = clockValue
	}
	return v
}

// together checks arguments that depend on one another.
func (r *references) together(fn string, args []value) {
	switch fn {
	case "eq", "ne":
		r.sameKind(fn, args)
		r.sameTimes(fn, args)
	case "lt", "le", "gt", "ge":
		r.comparable(fn, args)
	case "and", "or", "not":
		for _, a := range args {
			r.condition(a)
		}
	case "printf":
		r.verbs(args)
	case "format", "date":
		r.partsOf(fn, args)
	case "startOf", "endOf":
		r.unitOf(fn, args)
	case "len":
		r.length(args)
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
		case textValue, dateValue, clockValue, timeValue:
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
	case *parse.DotNode:
		if !root {
			v = r.dot
			v.shown = n.String()
		}
	case *parse.VariableNode:
		if known, ok := r.declared[n.Ident[0]]; ok && len(n.Ident) == 1 {
			v = known
			v.literal = false // it may be used more than once
			v.shown = n.String()
		} else {
			r.typeOfField(&v, refOf(n, root))
		}
	default:
		r.typeOfField(&v, refOf(n, root))
	}
	return v
}

func (r *references) typeOfField(v *value, name []string) {
	switch {
	case len(name) == 1 && name[0] == "LogicalDate":
		v.kind = dateValue
	case len(name) == 1 && name[0] == "LogicalTime", isEntryOf(name, "Interval"):
		v.kind, v.zoned = clockValue, strings.HasPrefix(name[len(name)-1], "Local")
	case isEntryOf(name, "Params"):
		v.kind = textValue
		if p, ok := r.rules.spec.Params[name[1]]; ok {
			v.param = &p
		}
	case isNeverTime(name):
		v.kind, v.noTime = textValue, true
	case len(name) == 2 && name[0] != "Jobs", len(name) == 4, len(name) == 3 && name[2] == "State":
		v.kind = textValue
	}
}

// isEntryOf reports whether name is an entry of a table, like .Params.x.
func isEntryOf(name []string, table string) bool { return len(name) == 2 && name[0] == table }

// isNeverTime reports whether the field is a text that is never a date or time.
func isNeverTime(name []string) bool {
	return len(name) == 1 && slices.Contains(textFields, name[0]) || isEntryOf(name, "Lake") ||
		isEntryOf(name, "Trigger") && slices.Contains([]string{"Kind", "Object", "Bucket", "VersionID"}, name[1])
}
