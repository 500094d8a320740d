package pipeline

import (
	"errors"
	"fmt"
)

// ResolveParams returns the value of every param: what is given, or else its
// default. The error joins one for every param that is missing, unknown or not
// allowed.
func (s Spec) ResolveParams(given map[string]string) (map[string]string, error) {
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
		case ok && len(v) > maxRendered:
			fault(name, "%v", errTooLong)
		case ok:
			values[name] = v
		case p.Default != nil:
			values[name] = *p.Default
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
