package pipeline

import (
	"errors"
	"fmt"
	"strings"
)

// ResolveParams returns the value of every param: what is given, or else its
// default, which may be a template of the run's dates, as they are in c. The error joins
// one for every param that is missing, unknown or not allowed.
func (s Spec) ResolveParams(given map[string]string, c Context) (map[string]string, error) {
	var errs []error
	fault := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("pipeline %s: param %s: %s", s.Name, name, fmt.Sprintf(format, args...)))
	}
	values := make(map[string]string, len(s.Params))
	names := sorted(s.Params)
	for _, name := range names {
		v, err := s.Params[name].resolve(given, name, c)
		if err != nil {
			fault(name, "%v", err)
		}
		values[name] = v
	}
	for _, name := range sorted(given) {
		if _, ok := s.Params[name]; !ok {
			fault(name, "not declared by the pipeline; %s", didYouMean(closest(name, names), names))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return values, nil
}

// resolve returns the value of the param called name.
func (p Param) resolve(given map[string]string, name string, c Context) (string, error) {
	v, ok := given[name]
	switch {
	case !ok && p.Default == nil:
		return "", errors.New("required; give it a value")
	case !ok:
		return p.fromDefault(c)
	case !p.allows(v):
		return "", fmt.Errorf("%q is not allowed; use one of %q", v, p.Allowed)
	case strings.ContainsRune(v, 0):
		return "", errors.New("contains a NUL character, which no program takes as an argument; remove it")
	case len(v) > maxRendered:
		return "", errTooLong
	}
	return v, nil
}

// fromDefault fills in the default.
func (p Param) fromDefault(c Context) (string, error) {
	v, err := render(*p.Default, c, c.data(), false)
	switch {
	case err != nil:
		return "", fmt.Errorf("default: %w", err)
	case !p.allows(v):
		return "", fmt.Errorf("its default %q is not allowed; use one of %q", v, p.Allowed)
	}
	return v, nil
}
