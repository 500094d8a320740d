package pipeline

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// Bounds of a batch. What closes it must be done within one invocation of a function.
const (
	maxPatterns = 50
	maxObjects  = 10_000
	maxWindow   = 24 * time.Hour
)

func (r *rules) upload(p *place, t S3Trigger) {
	r.bucket(p.key("bucket"), t.Bucket)
	if strings.HasPrefix(t.Prefix, "/") || strings.HasPrefix(t.Prefix, "s3:") {
		r.fault(p.key("prefix"), "%q matches no object; leave out the bucket and the leading /", t.Prefix)
	}
	r.noStar(p.key("prefix"), t.Prefix)
	r.list(p.key("suffix"), t.Suffix)
	for i, s := range t.Suffix {
		at := p.key("suffix").index(i)
		if len(t.Suffix) == 1 {
			at = p.key("suffix")
		}
		r.noStar(at, s)
		if s == "" && len(t.Suffix) > 1 {
			r.fault(at, "an empty suffix matches every object; remove it")
		}
	}
	r.patterns(p.key("globs"), t.Globs)
	r.patterns(p.key("exclude"), t.Exclude)
	for i, e := range t.Exclude {
		if slices.Contains([]string{"*", "**", "**/*", "**/"}, e) {
			r.fault(p.key("exclude").index(i), "%q excludes every object; name those to exclude", e)
		}
	}
	if t.Batch != nil {
		r.batch(p.key("batch"), t)
	}
}

func (r *rules) bucket(p *place, bucket string) {
	known := slices.Concat(r.zones, r.other)
	meant := closest(bucket, known)
	switch {
	case bucket == "":
		r.fault(p, "no bucket; name a zone of the lake, like raw")
	case r.zones != nil && !slices.Contains(known, bucket) && meant == "" && bucketPattern.MatchString(bucket):
		r.fault(p, "unknown zone %q; %s, or list the bucket under sources in the stage's configuration", bucket, didYouMean("", known))
	case r.zones != nil && !slices.Contains(known, bucket):
		r.fault(p, "unknown zone %q; %s", bucket, didYouMean(meant, known))
	case strings.Contains(bucket, "/"):
		r.fault(p, "%q has a slash; write the zone alone and the rest as prefix", bucket)
	}
}

// bucketPattern matches what could be the name of a bucket.
var bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func (r *rules) batch(p *place, t S3Trigger) {
	b := *t.Batch
	if b == (Batch{}) && !slices.ContainsFunc([]string{"window", "maxObjects", "maxBytes"}, func(key string) bool { return r.isWritten(p.key(key)) }) {
		r.fault(p, "nothing closes the batch; set window, maxObjects, maxBytes, marker or manifest")
		return
	}
	r.batchLimits(p, b)
	for _, x := range []struct{ key, pattern string }{{"marker", b.Marker}, {"manifest", b.Manifest}} {
		if x.pattern != "" {
			r.closingPattern(p.key(x.key), x.key, x.pattern, t.Exclude)
		}
	}
	if b.Marker != "" && b.Marker == b.Manifest {
		r.fault(p.key("manifest"), "the marker has the same pattern; remove one")
	}
}

// batchLimits checks the time, the number of objects and the bytes that close a batch.
func (r *rules) batchLimits(p *place, b Batch) {
	if b.Window != 0 || r.isWritten(p.key("window")) {
		r.duration(p.key("window"), b.Window, time.Second, maxWindow)
	}
	if b.MaxObjects != 0 || r.isWritten(p.key("maxObjects")) {
		r.within(p.key("maxObjects"), "maxObjects", b.MaxObjects, 1, maxObjects)
	}
	if b.MaxBytes < 0 || b.MaxBytes == 0 && r.isWritten(p.key("maxBytes")) {
		r.fault(p.key("maxBytes"), "maxBytes is %d; use at least 1", int64(b.MaxBytes))
	}
}

// closingPattern checks the pattern of the objects that close a batch: of its marker or its manifest.
func (r *rules) closingPattern(p *place, key, pattern string, exclude []string) {
	r.pattern(p, pattern)
	if slices.Contains([]string{"*", "**", "**/*"}, pattern) {
		r.fault(p, "%q matches every object, so the batch has none; name the %s", pattern, key)
	}
	if doublestar.ValidatePattern(pattern) && !strings.ContainsAny(pattern, `*?[{\`) && matchesAny(exclude, pattern) {
		r.fault(p, "exclude matches %q, so the batch never closes by it; change one of them", pattern)
	}
}

// isWritten reports whether the file has a value at p, even the zero one.
func (r *rules) isWritten(p *place) bool { return r.at[p.String()] != (position{}) || r.isTainted(p) }

// list refuses lists that are too long, and entries that are there twice.
func (r *rules) list(p *place, all []string) {
	if len(all) > maxPatterns {
		r.fault(p, "%d entries; use at most %d", len(all), maxPatterns)
	}
	for i, s := range all {
		if slices.Contains(all[:i], s) {
			r.fault(p.index(i), "duplicate %q; remove one", s)
		}
	}
}

func (r *rules) patterns(p *place, all []string) {
	r.list(p, all)
	for i, s := range all {
		r.pattern(p.index(i), s)
	}
}

func (r *rules) pattern(p *place, s string) {
	switch {
	case s == "":
		r.fault(p, "an empty pattern matches no object; remove it")
	case strings.HasPrefix(s, "/") || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "s3:"):
		r.fault(p, "%q matches no object; patterns are compared with the path below the prefix, so leave out the bucket and the leading /", s)
	case strings.HasPrefix(s, "!"):
		r.fault(p, "%q: a pattern cannot be negated; use exclude or globs", s)
	case !doublestar.ValidatePattern(s):
		r.fault(p, "invalid pattern %q; close every [ and {, and write \\ before a character that is meant literally (example: dt=*/**/*.csv)", s)
	}
}

func (r *rules) noStar(p *place, v string) {
	if strings.Contains(v, "*") {
		r.fault(p, "%q contains a *, but prefixes and suffixes are literal; remove it, or use globs", v)
	}
}
