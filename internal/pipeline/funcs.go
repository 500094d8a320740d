package pipeline

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"text/template"
	"time"
)

// maxRendered is the most bytes a filled-in value may have.
const maxRendered = 10 << 10

// funcs are the functions of templates beside the harmless ones of
// text/template named in builtins. The value comes last, so that it can be piped.
func (c Context) funcs() template.FuncMap {
	return template.FuncMap{
		"printf":     printf,
		"default":    orDefault,
		"output":     c.output,
		"format":     format,
		"date":       format,
		"inZone":     inZone,
		"addMinutes": mover(addElapsed(time.Minute)),
		"addHours":   mover(addElapsed(time.Hour)),
		"addDays":    mover(addDays(1)),
		"addWeeks":   mover(addDays(7)),
		"addMonths":  mover(addMonths(1)),
		"addYears":   mover(addMonths(12)),
		"startOf":    startOf,
		"endOf":      endOf,
		"isoWeek":    isoWeek,
		"isoYear":    isoYear,
		"unix":       unix,
		"lower":      onText(strings.ToLower),
		"upper":      onText(strings.ToUpper),
		"trimPrefix": changing(func(prefix, s string) (string, error) { return strings.TrimPrefix(s, prefix), nil }),
		"trimSuffix": changing(func(suffix, s string) (string, error) { return strings.TrimSuffix(s, suffix), nil }),
		"replace":    replace,
		"base":       onText(path.Base),
		"dir":        onText(dir),
		"int":        integer,
		"add":        arithmetic(func(a, b float64) float64 { return a + b }),
		"sub":        arithmetic(func(a, b float64) float64 { return a - b }),
		"mul":        arithmetic(func(a, b float64) float64 { return a * b }),
		"eq":         equal,
		"ne":         func(a, b any) (bool, error) { same, err := equal(a, b); return !same && err == nil, err },
		"lt":         ordered("lt", func(c int) bool { return c < 0 }),
		"le":         ordered("le", func(c int) bool { return c <= 0 }),
		"gt":         ordered("gt", func(c int) bool { return c > 0 }),
		"ge":         ordered("ge", func(c int) bool { return c >= 0 }),
	}
}

// builtins are the functions of text/template that may be used.
var builtins = []string{"and", "or", "not", "index", "len"}

// asText is a text, or how a date or a time is printed.
func asText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case moment:
		return v.String(), nil
	}
	return "", fmt.Errorf("%v is not text; write (printf \"%%v\" …) around it", v)
}

func onText(change func(string) string) func(any) (string, error) {
	return func(v any) (string, error) {
		s, err := asText(v)
		return change(s), err
	}
}

// changing is a function of a text and of the value that it changes.
func changing(change func(by, s string) (string, error)) func(string, any) (string, error) {
	return func(by string, v any) (string, error) {
		s, err := asText(v)
		if err != nil {
			return "", err
		}
		return change(by, s)
	}
}

// printf is fmt.Sprintf, but a verb that does not fit its value is an error, and
// it has a limit: variables could double a text in every line of a template.
func printf(format string, args ...any) (string, error) {
	for i, a := range args {
		if m, ok := a.(moment); ok {
			args[i] = m.String()
		}
	}
	if err := checkVerbs(format, args); err != nil {
		return "", err
	}
	return bounded(fmt.Sprintf(format, args...))
}

// dir is the directory of a path or of an address: s3://raw/in of s3://raw/in/a.csv.
func dir(name string) string {
	scheme, rest, ok := strings.Cut(name, "://")
	if !ok {
		return path.Dir(name)
	}
	if !strings.Contains(rest, "/") {
		return name // a bucket has no directory above it
	}
	return scheme + "://" + path.Dir(rest)
}

// replace puts new in the place of every old in v.
func replace(old, with string, v any) (string, error) {
	s, err := asText(v)
	switch {
	case err != nil:
		return "", err
	case old == "":
		return "", errors.New(`replace: the text to replace is empty; write {{replace "old" "new" value}}`)
	case len(s)+strings.Count(s, old)*(len(with)-len(old)) > maxRendered:
		return "", errTooLong
	}
	return strings.ReplaceAll(s, old, with), nil
}

var errTooLong = fmt.Errorf("longer than %d bytes; write large values to S3 and pass their address", maxRendered)

func bounded(s string) (string, error) {
	if len(s) > maxRendered {
		return "", errTooLong
	}
	return s, nil
}

// orDefault returns value unless it is empty: {{index .Trigger "Key" | default "none"}}.
func orDefault(fallback string, value any) (any, error) {
	s, err := asText(value)
	if err == nil && s == "" {
		return fallback, nil
	}
	return value, err
}

// output returns an output of a job, whose name may have a dash, which
// .Jobs.name cannot.
func (c Context) output(job, key string) (string, error) {
	j, ok := c.Jobs[job]
	if !ok {
		return "", fmt.Errorf("job %q has not succeeded in this run; add it to needs", job)
	}
	v, ok := j.Outputs[key]
	if !ok && j.State != "" && j.State != Succeeded {
		return "", fmt.Errorf("job %q is %s and has no outputs; where it may not have succeeded, write {{index .Jobs %[1]q \"Outputs\" %[3]q | default \"…\"}}", job, j.State, key)
	}
	if !ok {
		return "", fmt.Errorf("job %q has no output %q; let it write %s=… to the file in $EPHEMR_OUTPUT", job, key, key)
	}
	return v, nil
}
