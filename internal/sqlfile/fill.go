package sqlfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Values are the values to fill in.
type Values struct {
	Params   map[string]string
	Lake     map[string]string // zone -> s3://bucket
	Stage    string
	Database string
}

// maxStatement is the most bytes that Athena takes:
// https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
const maxStatement = 262_144

// Fill returns the text of every statement. The error joins everything that is
// missing or invalid.
func (f *File) Fill(v Values) ([]string, error) {
	given, errs := f.resolve(v.Params)
	v.Params = given
	var texts []string
	for _, s := range f.Statements {
		text, err := s.fill(v)
		texts = append(texts, text)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return texts, nil
}

// resolve returns the value of every param: what is given, or its default.
func (f *File) resolve(given map[string]string) (map[string]string, []error) {
	values := map[string]string{}
	var errs []error
	var names []string
	for _, p := range f.Params {
		names = append(names, p.Name)
		v, ok := given[p.Name]
		switch {
		case ok:
			values[p.Name] = v
		case p.Default != nil:
			values[p.Name] = *p.Default
		default:
			about := ""
			if p.Description != "" {
				about = " (" + p.Description + ")"
			}
			errs = append(errs, fmt.Errorf("%s: param %s%s has no value; give it one with --param %s=…", f.Name, p.Name, about, p.Name))
		}
	}
	for name := range given {
		if !slices.Contains(names, name) {
			known := "it has none"
			if len(names) > 0 {
				known = "it has " + strings.Join(names, ", ")
			}
			errs = append(errs, fmt.Errorf("%s: unknown param %s; %s", f.Name, name, known))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return values, errs
}

// fill fills in one statement.
func (s Statement) fill(v Values) (string, error) {
	var b strings.Builder
	var errs []error
	for _, p := range s.parts {
		text, err := p.fill(v, s.hive)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d:%d: %w", s.file, p.line, p.column, err))
		}
		b.WriteString(text)
	}
	if b.Len() > maxStatement {
		errs = append(errs, fmt.Errorf("%s: the statement has %d bytes, Athena takes %d", s.Where(), b.Len(), maxStatement))
	}
	return strings.TrimRightFunc(b.String(), unicode.IsSpace), errors.Join(errs...)
}

func (p part) fill(v Values, hive bool) (string, error) {
	switch a := p.action; {
	case a == nil:
		return p.text, nil
	case a.zone != "":
		address, ok := v.Lake[a.zone]
		if !ok {
			return "", fmt.Errorf("{{%s}}: the stage has no zone %s", a.source, a.zone)
		}
		return address, nil
	case a.field == "Stage":
		return v.Stage, nil
	case a.field == "Database":
		return v.Database, nil
	default:
		value, ok := v.Params[a.param]
		if !ok {
			return "", nil // reported before
		}
		if err := harmless(value, hive); err != nil {
			return "", fmt.Errorf("param %s %w", a.param, err)
		}
		if !a.kind.fits(value) {
			return "", fmt.Errorf("param %s: %q is not %s", a.param, value, a.kind.want)
		}
		return a.kind.write(value), nil
	}
}

// harmless rejects characters that have a meaning within quotes.
func harmless(value string, hive bool) error {
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return errors.New("contains characters that cannot be used; use plain text on one line")
	case hive && strings.ContainsAny(value, `'\`):
		return errors.New(`contains a quote or a backslash, which have another meaning in statements like CREATE, ALTER and SHOW`)
	}
	return nil
}
