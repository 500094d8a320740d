package pipeline

import (
	"maps"
	"slices"

	"ephemr/internal/cron"
)

func (r *rules) triggers() {
	all := root("triggers")
	r.atMost(all, "triggers", len(r.spec.Triggers), maxTriggers)
	for i, t := range r.spec.Triggers {
		p := all.index(i)
		r.trigger(p, t)
		if r.isRepeated(i) {
			r.fault(p, "duplicate trigger; remove one")
		}
	}
	r.allAfter(all)
}

// trigger checks that a trigger is of one kind, and what belongs to it.
func (r *rules) trigger(p *place, t Trigger) {
	switch {
	case t.Schedule != "" && t.S3 != nil:
		r.fault(p, "schedule and s3 in one trigger; split it into two triggers")
	case t.After != nil && (t.Schedule != "" || t.S3 != nil):
		r.fault(p, "after and another kind in one trigger; split it into two triggers")
	case t.Schedule != "":
		r.schedule(p, t)
	case t.S3 != nil:
		r.upload(p.key("s3"), *t.S3)
		r.ofSchedule(p, t)
	case t.After != nil:
		r.after(p, t)
	case !slices.ContainsFunc([]string{"schedule", "s3", "after"}, func(kind string) bool { return r.isTainted(p.key(kind)) }):
		r.fault(p, "a trigger without schedule, s3 or after; add one of them")
	}
}

func (r *rules) isRepeated(i int) bool {
	t := r.spec.Triggers[i]
	return slices.ContainsFunc(r.spec.Triggers[:i], func(o Trigger) bool {
		if t.S3 != nil && o.S3 != nil {
			return t.S3.selects(*o.S3)
		}
		return t.S3 == nil && o.S3 == nil && t.Schedule != "" && t.Schedule == o.Schedule && t.Zone(r.spec) == o.Zone(r.spec) && maps.Equal(t.Params, o.Params)
	})
}

func (r *rules) schedule(p *place, t Trigger) {
	if _, err := loadZone(t.Timezone); err != nil {
		r.fault(p.key("timezone"), "%v", err)
	}
	if _, err := cron.Parse(t.Schedule); err != nil {
		r.fault(p.key("schedule"), "invalid schedule %q: %v", t.Schedule, err)
	}
	if t.Priority != nil {
		r.within(p.key("priority"), "the priority", *t.Priority, 0, MaxPriority)
	}
	r.catchup(p, t)
	r.overlap(p, t)
	r.triggerParams(p.key("params"), t.Params)
}

func (r *rules) overlap(p *place, t Trigger) {
	if all := []Overlap{OverlapQueue, OverlapSkip, OverlapLatest, OverlapCancel}; t.Overlap != "" && !slices.Contains(all, t.Overlap) {
		r.fault(p.key("overlap"), "unknown value %q; use queue, skip, latest or cancel", string(t.Overlap))
	}
	if t.DependsOnPast && (t.Overlap == OverlapLatest || t.Overlap == OverlapCancel) {
		r.fault(p.key("dependsOnPast"), "overlap: %s cancels the run that the next date depends on; remove one of both", string(t.Overlap))
	}
}

// triggerParams checks the values that a schedule gives to params.
func (r *rules) triggerParams(p *place, params map[string]string) {
	for _, name := range sorted(params) {
		at, value := p.key(name), params[name]
		param, ok := r.spec.Params[name]
		switch {
		case !ok:
			r.fault(at, "undeclared param; declare it: \"params: {%s: {}}\"", name)
		case param.Sensitive:
			r.fault(at, "the file shows the value of a sensitive param; remove it")
		case !isTemplate(value) && !param.allows(value): // templates are refused as such
			r.fault(at, "%q is not among the allowed values %q; add it there or choose another", value, param.Allowed)
		}
		if values, ok := r.spec.Matrix[name]; ok && !slices.Contains(values, value) {
			r.fault(at, "%q is not a value of the matrix; use one of %q, or remove it for a run of each", value, values)
		}
	}
}

func (r *rules) catchup(p *place, t Trigger) {
	if !t.Catchup.Valid() {
		r.fault(p.key("catchup"), "unknown value %q; use none, latest or all", string(t.Catchup))
	}
	if t.CatchupWindow != 0 {
		r.duration(p.key("catchupWindow"), t.CatchupWindow, minCatchupWindow, maxCatchupWindow)
	}
}

// ofSchedule reports the keys of a schedule in another trigger, but for those that it has too.
func (r *rules) ofSchedule(p *place, t Trigger, has ...string) {
	for _, k := range []struct {
		key string
		set bool
	}{
		{"timezone", t.Timezone != ""},
		{"params", len(t.Params) > 0},
		{"priority", t.Priority != nil},
		{"catchup", t.Catchup != ""},
		{"catchupWindow", t.CatchupWindow != 0},
		{"overlap", t.Overlap != ""},
		{"dependsOnPast", t.DependsOnPast},
	} {
		if k.set && !slices.Contains(has, k.key) {
			r.fault(p.key(k.key), "%s belongs to a schedule; remove it", k.key)
		}
	}
}
