package pipeline

import (
	"reflect"

	"ephemr/internal/job"
)

// ParseChecks reads a YAML file that has a list of checks, without templates, under the key
// checks. Errors have file, line and column.
func ParseChecks(file string, data []byte) ([]job.Check, error) {
	f := &faults{file: file, at: map[string]position{}, tainted: map[string]bool{}}
	root, err := readBounded(data, readYAML)
	if err != nil {
		f.unreadable(err)
		return nil, f.err()
	}
	var s struct {
		Checks []job.Check `json:"checks"`
	}
	(&decoder{faults: f}).value(nil, root, reflect.ValueOf(&s).Elem())
	r := newRules(Spec{Checks: s.Checks}, f, nil)
	if len(s.Checks) == 0 && len(f.list) == 0 {
		r.fault(nil, "no checks; list them under checks, as in a pipeline")
	}
	r.filledChecks()
	if err := f.err(); err != nil {
		return nil, err
	}
	return s.Checks, nil
}

// filledChecks applies the rules to checks without templates.
func (r *rules) filledChecks() {
	for i, c := range r.spec.Checks {
		if p := root("checks").index(i); !r.isTainted(p) {
			check(p, c, false, r.fault)
			if c.OnAthena() {
				r.fault(p.key("sql"), "sql is a check of pipelines, which Athena decides after a run; use ephemr query for a query by hand")
			}
		}
	}
}
