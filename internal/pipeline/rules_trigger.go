package pipeline

import (
	"slices"

	"ephemr/internal/cron"
)

func (r *rules) triggers() {
	all := root("triggers")
	r.atMost(all, "triggers", len(r.spec.Triggers), maxTriggers)
	for i, t := range r.spec.Triggers {
		p := all.index(i)
		switch {
		case t.Schedule != "" && t.S3 != nil:
			r.fault(p, "schedule and s3 in one trigger; split it into two triggers")
		case t.Schedule != "":
			r.schedule(p, t)
		case t.S3 != nil:
			r.upload(p.key("s3"), *t.S3)
			if t.Timezone != "" || t.Catchup {
				r.fault(p, "timezone and catchup belong to a schedule; remove them")
			}
		case !r.isTainted(p.key("schedule")) && !r.isTainted(p.key("s3")):
			r.fault(p, "a trigger without schedule or s3; add one of them")
		}
		if r.isRepeated(i) {
			r.fault(p, "duplicate trigger; remove one")
		}
	}
}

func (r *rules) isRepeated(i int) bool {
	t := r.spec.Triggers[i]
	return slices.ContainsFunc(r.spec.Triggers[:i], func(o Trigger) bool {
		if t.S3 != nil && o.S3 != nil {
			return t.S3.selects(*o.S3)
		}
		return t.S3 == nil && o.S3 == nil && t.Schedule != "" && t.Schedule == o.Schedule && t.zone(r.spec) == o.zone(r.spec)
	})
}

func (r *rules) schedule(p *place, t Trigger) {
	if _, err := loadZone(t.Timezone); err != nil {
		r.fault(p.key("timezone"), "%v", err)
	}
	if _, err := cron.Parse(t.Schedule); err != nil {
		r.fault(p.key("schedule"), "invalid schedule %q: %v", t.Schedule, err)
	}
}
