package pipeline

import "slices"

func (r *rules) params() {
	all := root("params")
	r.atMost(all, "params", len(r.spec.Params), maxParams)
	for _, name := range sorted(r.spec.Params) {
		p, param := all.key(name), r.spec.Params[name]
		if !paramPattern.MatchString(name) {
			r.fault(p, "invalid param name %q: %s", name, paramRule)
		}
		r.atMost(p.key("allowed"), "allowed values", len(param.Allowed), maxList)
		for i, v := range param.Allowed {
			if slices.Contains(param.Allowed[:i], v) {
				r.fault(p.key("allowed").index(i), "duplicate %q; remove one", v)
			}
		}
		r.sensitive(p.key("sensitive"), param)
		if d := param.Default; d != nil && isTemplate(*d) {
			r.compileAll([]field{{at: p.key("default"), get: *d}}, &references{rules: r, only: earlyFields})
		} else if d != nil && !param.allows(*d) {
			r.fault(p.key("default"), "%q is not among the allowed values %q; add it there or choose another", *d, param.Allowed)
		}
	}
}

func (r *rules) sensitive(p *place, param Param) {
	if param.Sensitive && (param.Default != nil || len(param.Allowed) > 0) {
		r.fault(p, "the file shows default and allowed values; remove them, or sensitive")
	}
}

func (r *rules) matrix() {
	all, product := root("matrix"), 1
	for _, name := range sorted(r.spec.Matrix) {
		p, values := all.key(name), r.spec.Matrix[name]
		param, ok := r.spec.Params[name]
		if !ok {
			r.fault(p, "undeclared param; declare it: \"params: {%s: {}}\"", name)
		}
		if len(values) == 0 {
			r.fault(p, "no values; add at least one")
		}
		product = min(product*max(len(values), 1), maxMatrix+1)
		for i, v := range values {
			if !param.allows(v) {
				r.fault(p.index(i), "%q is not among the allowed values %q; add it there or remove it", v, param.Allowed)
			}
			if slices.Contains(values[:i], v) {
				r.fault(p.index(i), "duplicate %q; remove one", v)
			}
		}
	}
	if product > maxMatrix {
		r.fault(all, "more than %d combinations; remove values", maxMatrix)
	}
}

// allows reports whether v may be given.
func (p Param) allows(v string) bool { return len(p.Allowed) == 0 || slices.Contains(p.Allowed, v) }
