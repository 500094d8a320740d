package pipeline

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ResolveParams returns the value of every param: what is given, or else its
// default, which may be a template of the run's logical time. The error joins
// one for every param that is missing, unknown or not allowed.
func (s Spec) ResolveParams(given map[string]string, logical time.Time) (map[string]string, error) {
	c := Context{LogicalDate: logical.UTC().Format(time.DateOnly), LogicalTime: logical.UTC().Format(time.RFC3339)}
	var errs []error
	fault := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("pipeline %s: param %s: %s", s.Name, name, fmt.Sprintf(format, args...)))
	}
	values := make(map[string]string, len(s.Params))
	names := sorted(s.Params)
	for _, name := range names {
		p := s.Params[name]
		v, ok := given[name]
		switch {
		case ok && !p.allows(v):
			fault(name, "%q is not allowed; use one of %q", v, p.Allowed)
		case ok && strings.ContainsRune(v, 0):
			fault(name, "contains a NUL character, which no program takes as an argument; remove it")
		case ok && len(v) > maxRendered:
			fault(name, "%v", errTooLong)
		case ok:
			values[name] = v
		case p.Default != nil:
			v, err := render(*p.Default, c, c.data(), false)
			switch {
			case err != nil:
				fault(name, "default: %v", err)
			case !p.allows(v):
				fault(name, "its default %q is not allowed; use one of %q", v, p.Allowed)
			}
			values[name] = v
		default:
			fault(name, "required; give it a value")
		}
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
