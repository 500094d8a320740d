package asl

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// intrinsics are the functions this interpreter knows.
var intrinsics = map[string]func(args []any) (any, error){
	"States.Format":        format,
	"States.Array":         func(args []any) (any, error) { return args, nil },
	"States.ArrayLength":   arrayLength,
	"States.ArrayGetItem":  arrayGetItem,
	"States.ArrayContains": arrayContains,
	"States.MathAdd":       mathAdd,
	"States.JsonToString":  jsonToString,
	"States.StringToJson":  stringToJSON,
}

// intrinsic is a call of a function.
type intrinsic struct {
	text, name string
	args       []expr
}

func (c intrinsic) eval(e env) (any, *failure) {
	args := make([]any, len(c.args))
	for i, a := range c.args {
		v, err := a.eval(e)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	v, err := intrinsics[c.name](args)
	if err != nil {
		return nil, fail(errIntrinsic, "%s The function '%s' had the following error: %v", e.run.where(), c.text, err)
	}
	return v, nil
}

func (c intrinsic) paths(visit func(*path)) {
	for _, a := range c.args {
		a.paths(visit)
	}
}

func parseIntrinsic(s string) (expr, error) {
	x, rest, err := parseArgument(s)
	if err != nil {
		return nil, fmt.Errorf("intrinsic %q: %w", s, err)
	}
	if rest != "" {
		return nil, fmt.Errorf("intrinsic %q: unexpected %q", s, rest)
	}
	if _, ok := x.(intrinsic); !ok {
		return nil, fmt.Errorf("%q is neither a path nor an intrinsic function", s)
	}
	return x, nil
}

// parseArgument reads a call, a path, a 'string' or another JSON literal.
func parseArgument(s string) (expr, string, error) {
	s = strings.TrimLeft(s, " ")
	switch {
	case strings.HasPrefix(s, "'"):
		return parseString(s[1:])
	case strings.HasPrefix(s, "$"):
		word, rest := cutWord(s)
		p, err := parsePath(word)
		return p, rest, err
	case strings.HasPrefix(s, "States."):
		return parseCall(s)
	}
	word, rest := cutWord(s)
	v, err := decode([]byte(word))
	if err != nil {
		return nil, "", fmt.Errorf("unsupported argument %q", word)
	}
	return literal{v}, rest, nil
}

func cutWord(s string) (word, rest string) {
	quoted := false
	for i, c := range s {
		if c == '\'' {
			quoted = !quoted
		}
		if !quoted && strings.ContainsRune(",) ", c) {
			return s[:i], strings.TrimLeft(s[i:], " ")
		}
	}
	return s, ""
}

func parseString(s string) (expr, string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && strings.ContainsRune(`'{}\`, rune(s[i+1])):
			if s[i+1] == '{' || s[i+1] == '}' {
				b.WriteByte('\\') // format undoes this one
			}
			i++
			b.WriteByte(s[i])
		case s[i] == '\'':
			return literal{b.String()}, strings.TrimLeft(s[i+1:], " "), nil
		default:
			b.WriteByte(s[i])
		}
	}
	return nil, "", fmt.Errorf("unclosed '")
}

func parseCall(s string) (expr, string, error) {
	name, rest, ok := strings.Cut(s, "(")
	if _, known := intrinsics[name]; !ok || !known {
		return nil, "", fmt.Errorf("unsupported function %s", name)
	}
	call := intrinsic{text: s, name: name}
	if after, empty := strings.CutPrefix(strings.TrimLeft(rest, " "), ")"); empty {
		return call, after, nil
	}
	for {
		arg, after, err := parseArgument(rest)
		if err != nil {
			return nil, "", err
		}
		call.args = append(call.args, arg)
		if rest, ok = strings.CutPrefix(after, ","); ok {
			continue
		}
		if rest, ok = strings.CutPrefix(after, ")"); ok {
			return call, strings.TrimLeft(rest, " "), nil
		}
		return nil, "", fmt.Errorf("expected , or ) before %q", after)
	}
}

func format(args []any) (any, error) {
	tmpl, ok := first[string](args, 1)
	if !ok {
		return nil, fmt.Errorf("the first argument is not a string")
	}
	var b strings.Builder
	args = args[1:]
	for i := 0; i < len(tmpl); i++ {
		switch {
		case tmpl[i] == '\\' && i+1 < len(tmpl) && (tmpl[i+1] == '{' || tmpl[i+1] == '}'):
			i++
			b.WriteByte(tmpl[i])
		case strings.HasPrefix(tmpl[i:], "{}"):
			if len(args) == 0 {
				return nil, fmt.Errorf("more {} than arguments")
			}
			b.WriteString(textOf(args[0]))
			args = args[1:]
			i++
		default:
			b.WriteByte(tmpl[i])
		}
	}
	if len(args) > 0 {
		return nil, fmt.Errorf("more arguments than {}")
	}
	return b.String(), nil
}

func textOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(encode(v))
}

// first returns args[0] as a T if there are at least n args.
func first[T any](args []any, n int) (T, bool) {
	var zero T
	if len(args) < n {
		return zero, false
	}
	v, ok := args[0].(T)
	return v, ok
}

func arrayLength(args []any) (any, error) {
	a, ok := first[[]any](args, 1)
	if !ok {
		return nil, fmt.Errorf("want an array")
	}
	return json.Number(strconv.Itoa(len(a))), nil
}

func arrayGetItem(args []any) (any, error) {
	a, ok := first[[]any](args, 2)
	if !ok {
		return nil, fmt.Errorf("want an array and an index")
	}
	i, ok := number(args[1])
	if !ok || i < 0 || int(i) >= len(a) {
		return nil, fmt.Errorf("index %v is out of range", args[1])
	}
	return a[int(i)], nil
}

func arrayContains(args []any) (any, error) {
	a, ok := first[[]any](args, 2)
	if !ok {
		return nil, fmt.Errorf("want an array and a value")
	}
	for _, v := range a {
		if reflect.DeepEqual(v, args[1]) {
			return true, nil
		}
	}
	return false, nil
}

func mathAdd(args []any) (any, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("want two numbers")
	}
	a, ok := number(args[0])
	b, ok2 := number(args[1])
	if !ok || !ok2 {
		return nil, fmt.Errorf("want two numbers")
	}
	return json.Number(strconv.FormatInt(int64(a)+int64(b), 10)), nil
}

func jsonToString(args []any) (any, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("want one argument")
	}
	return string(encode(args[0])), nil
}

func stringToJSON(args []any) (any, error) {
	s, ok := first[string](args, 1)
	if !ok {
		return nil, fmt.Errorf("want a string")
	}
	return decode([]byte(s))
}
