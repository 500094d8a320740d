package pipeline

import (
	"cmp"
	"slices"

	"ephemr/internal/cron"
)

// after checks a trigger that waits for another pipeline.
func (r *rules) after(p *place, t Trigger) {
	a, at := *t.After, p.key("after")
	switch {
	case a.Pipeline == "" && !r.isTainted(at.key("pipeline")):
		r.fault(at.key("pipeline"), "the trigger names no pipeline; add \"pipeline: <name>\"")
	case a.Pipeline != "" && !namePattern.MatchString(a.Pipeline):
		r.fault(at.key("pipeline"), "invalid name %q: %s", a.Pipeline, nameRule)
	case a.Pipeline == r.spec.Name && a.Pipeline != "":
		r.fault(at.key("pipeline"), "the pipeline waits for itself: %s -> %[1]s; to wait for the run of the date before, use dependsOnPast of a schedule", a.Pipeline)
	}
	r.afterWords(at, a)
	r.afterRuns(p, t)
}

// afterWords checks the keys that have a few values.
func (r *rules) afterWords(at *place, a AfterTrigger) {
	if !slices.Contains([]Same{SameDate, SameInterval, SameLatest}, a.Kind()) {
		r.fault(at.key("same"), "unknown value %q; use date, interval or latest", string(a.Same))
	}
	if !slices.Contains([]Rerun{RerunNever, RerunAlways}, cmp.Or(a.Rerun, RerunNever)) {
		r.fault(at.key("rerun"), "unknown value %q; use never or always", string(a.Rerun))
	}
	if a.Intervals != "" {
		r.intervals(at.key("intervals"), a)
	}
}

// afterRuns checks what a trigger says of its runs.
func (r *rules) afterRuns(p *place, t Trigger) {
	if t.Priority != nil {
		r.within(p.key("priority"), "the priority", *t.Priority, 0, MaxPriority)
	}
	if !t.Catchup.Valid() {
		r.fault(p.key("catchup"), "unknown value %q; use none, latest or all", string(t.Catchup))
	}
	r.ofSchedule(p, t, "params", "priority", "catchup")
	r.triggerParams(p.key("params"), t.Params)
}

func (r *rules) intervals(p *place, a AfterTrigger) {
	if a.Kind() != SameInterval {
		r.fault(p, "intervals belongs to same: interval; remove it")
	}
	if _, err := cron.Parse(a.Intervals); err != nil {
		r.fault(p, "invalid schedule %q: %v", a.Intervals, err)
	}
}

// allAfter checks what the triggers that wait for other pipelines say together.
func (r *rules) allAfter(all *place) {
	for i, t := range r.spec.Triggers {
		if t.After == nil {
			continue
		}
		p := all.index(i)
		before := r.spec.Triggers[:i]
		differs := func(what func(Trigger) string) bool {
			return what(t) != "" && slices.ContainsFunc(before, func(o Trigger) bool { return o.After != nil && what(o) != "" && what(o) != what(t) })
		}
		if differs(func(t Trigger) string { return anchor(t.After.Kind()) }) {
			r.fault(p.key("after").key("same"), "date and interval in one pipeline; its runs are for one of both")
		}
		if differs(func(t Trigger) string { return t.After.Intervals }) {
			r.fault(p.key("after").key("intervals"), "another trigger has other intervals; write them once")
		}
		if differs(func(t Trigger) string { return string(t.Catchup) }) {
			r.fault(p.key("catchup"), "another trigger of this kind has another value; write it once")
		}
		r.sharedAfter(p, t, before)
	}
}

// anchor is k if it says what a run is for.
func anchor(k Same) string {
	if k == SameLatest {
		return ""
	}
	return string(k)
}

// sharedAfter checks the params and the priority, which are those of all triggers together.
func (r *rules) sharedAfter(p *place, t Trigger, before []Trigger) {
	for _, o := range before {
		if o.After == nil {
			continue
		}
		if o.After.Pipeline == t.After.Pipeline && t.After.Pipeline != "" {
			r.fault(p.key("after").key("pipeline"), "another trigger waits for %s as well; remove one", t.After.Pipeline)
		}
		if o.Priority != nil && t.Priority != nil && *o.Priority != *t.Priority {
			r.fault(p.key("priority"), "another trigger of this kind has another value; write it once")
		}
		for _, name := range sorted(t.Params) {
			if v, ok := o.Params[name]; ok && v != t.Params[name] {
				r.fault(p.key("params").key(name), "another trigger of this kind has another value; write it once")
			}
		}
	}
}
