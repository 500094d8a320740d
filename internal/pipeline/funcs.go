package pipeline

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"text/template"
	"time"

	"ephemr/internal/pipeline/layout"
)

// maxRendered is the most bytes a filled-in value may have.
const maxRendered = 10 << 10

// funcs are the functions of templates beside the harmless ones of
// text/template named in builtins.
func (c Context) funcs() template.FuncMap {
	return template.FuncMap{
		"printf":     printf,
		"default":    orDefault,
		"output":     c.output,
		"date":       date,
		"addDays":    addDays,
		"lower":      strings.ToLower,
		"upper":      strings.ToUpper,
		"trimPrefix": func(prefix, s string) string { return strings.TrimPrefix(s, prefix) },
		"trimSuffix": func(suffix, s string) string { return strings.TrimSuffix(s, suffix) },
		"replace":    replace,
		"base":       path.Base,
		"dir":        dir,
		"int":        integer,
		"lt":         ordered("lt", func(c int) bool { return c < 0 }),
		"le":         ordered("le", func(c int) bool { return c <= 0 }),
		"gt":         ordered("gt", func(c int) bool { return c > 0 }),
		"ge":         ordered("ge", func(c int) bool { return c >= 0 }),
	}
}

// builtins are the functions of text/template that may be used.
var builtins = []string{"and", "or", "not", "eq", "ne", "index", "len"}

// printf is fmt.Sprintf, but a verb that does not fit its value is an error, and
// it has a limit: variables could double a text in every line of a template.
func printf(format string, args ...any) (string, error) {
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

// replace puts new in the place of every old in s.
func replace(old, with, s string) (string, error) {
	if old == "" {
		return "", errors.New(`replace: the text to replace is empty; write {{replace "old" "new" value}}`)
	}
	if n := strings.Count(s, old); len(s)+n*(len(with)-len(old)) > maxRendered {
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
func orDefault(fallback, value string) string {
	if value == "" {
		return fallback
	}
	return value
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

// date writes a day or a time, as in LogicalDate and LogicalTime, in a layout of
// Go's, strftime's or Java's: {{date "2006/01/02" .LogicalTime}}.
func date(text, value string) (string, error) {
	t, _, err := parseTime(value)
	if err != nil {
		return "", err
	}
	l, err := layout.Parse(text)
	if err != nil {
		return "", err
	}
	return bounded(l.Format(t))
}

// addDays moves a day or a time: {{addDays -1 .LogicalDate}}.
func addDays(n int, value string) (string, error) {
	t, layout, err := parseTime(value)
	if err != nil {
		return "", err
	}
	if n < -100_000 || n > 100_000 {
		return "", fmt.Errorf("%d days are out of range; use up to 100000", n)
	}
	return t.AddDate(0, 0, n).Format(layout), nil
}

func parseTime(value string) (t time.Time, layout string, err error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err = time.Parse(layout, value); err == nil {
			return t, layout, nil
		}
	}
	return t, "", fmt.Errorf("invalid date or time %q (examples: 2026-11-30, 2026-11-30T03:00:00Z)", value)
}
