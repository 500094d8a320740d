package pipeline

import (
	"slices"
	"strings"
	"time"

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
			return t.S3.Bucket == o.S3.Bucket && t.S3.Prefix == o.S3.Prefix && t.S3.Suffix == o.S3.Suffix
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

func (r *rules) upload(p *place, t S3Trigger) {
	bucket := p.key("bucket")
	switch {
	case t.Bucket == "":
		r.fault(bucket, "no bucket; name a zone of the lake, like raw")
	case r.zones != nil && !slices.Contains(r.zones, t.Bucket):
		r.fault(bucket, "unknown zone %q; %s", t.Bucket, didYouMean(closest(t.Bucket, r.zones), r.zones))
	case strings.Contains(t.Bucket, "/"):
		r.fault(bucket, "%q has a slash; write the zone alone and the rest as prefix", t.Bucket)
	}
	if strings.HasPrefix(t.Prefix, "/") || strings.HasPrefix(t.Prefix, "s3:") {
		r.fault(p.key("prefix"), "%q matches no object; leave out the bucket and the leading /", t.Prefix)
	}
	r.noStar(p.key("prefix"), t.Prefix)
	r.noStar(p.key("suffix"), t.Suffix)
	if b := t.Batch; b != nil {
		r.duration(p.key("batch").key("window"), b.Window, time.Second, 24*time.Hour)
		r.within(p.key("batch").key("maxObjects"), "maxObjects", b.MaxObjects, 1, maxObjects)
	}
}

func (r *rules) noStar(p *place, v string) {
	if strings.Contains(v, "*") {
		r.fault(p, "%q contains a *, but prefixes and suffixes are literal; remove it", v)
	}
}
