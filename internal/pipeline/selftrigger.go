package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"ephemr/internal/job"
)

// Bounds of limits.maxChain.
const (
	defaultChain = 16
	maxChain     = 10000
)

// Chain is how many runs may follow each other of which each was started by an object that
// was created while the one before was at work.
func (l Limits) Chain() int { return cmp.Or(l.MaxChain, defaultChain) }

// WithBuckets names the buckets of the lake's zones: outputs may name them.
func WithBuckets(byZone map[string]string) Option {
	return func(r *rules) {
		r.zoneOf = map[string]string{}
		for zone, bucket := range byZone {
			r.zoneOf[bucket] = zone
		}
	}
}

// lakeAddress matches an address in a zone that a template names.
var lakeAddress = regexp.MustCompile(`^\{\{-?\s*\.Lake\.([a-z0-9]+)\s*-?\}\}/?`)

// ownOutputs refuses outputs below the prefix of a trigger of the pipeline: its runs would
// start others without end. Templates are known up to the first value that is not.
func (r *rules) ownOutputs() {
	for i, j := range r.spec.Jobs {
		for n, address := range j.Expect {
			r.ownOutput(root("jobs").index(i).key("expect").index(n), address, false)
		}
	}
	for i, c := range r.spec.Checks {
		r.ownOutput(root("checks").index(i).key("dataset"), c.Dataset, true)
	}
	for i, address := range r.spec.Outputs {
		r.ownOutput(root("outputs").index(i), address, true)
	}
	if p := r.spec.Publish; p != nil && !p.Iceberg {
		r.ownOutput(root("publish").key("location"), p.Location, true)
	}
}

func (r *rules) ownOutput(p *place, address string, parquet bool) {
	var bucket, key string
	if m := lakeAddress.FindStringSubmatch(address); m != nil {
		bucket, key = m[1], address[len(m[0]):]
	} else if rest, ok := strings.CutPrefix(address, "s3://"); ok {
		bucket, key, _ = strings.Cut(rest, "/")
		if zone, ok := r.zoneOf[bucket]; ok {
			bucket = zone
		}
	}
	key, _, open := strings.Cut(key, "{{")
	for i, t := range r.spec.Triggers {
		if t.S3 != nil && t.S3.Bucket == bucket && bucket != "" && t.S3.takes(key, open, parquet) {
			r.fault(p, "%s", ownOutput(address, i))
		}
	}
}

func ownOutput(address string, trigger int) string {
	return fmt.Sprintf("%s is below the prefix of triggers[%d], so that each run would start another; write elsewhere, or add the output to exclude of the trigger", address, trigger)
}

// takes reports whether t is known to match what a job writes to a key or below it; open
// means that the key goes on. With suffixes or globs that depends on the names of the
// files, of which only those of Parquet data are known.
func (t S3Trigger) takes(key string, open, parquet bool) bool {
	name, below := strings.CutPrefix(key, t.Prefix)
	if !below {
		return false
	}
	file := key
	if open || key == "" || strings.HasSuffix(key, "/") {
		file += "part-00000.parquet"
	}
	narrow := len(t.Suffix) > 0 || len(t.Globs) > 0
	if narrow && (open || file != key && !parquet) {
		return false
	}
	return !matchesAny(t.Exclude, name) && t.Match(file, 1) == IsData
}

// checkOutputs refuses the rendered outputs of a run that are below the prefix of a trigger
// of the pipeline.
func (s Spec) checkOutputs(c Context) error {
	data := c.data()
	var errs []error
	check := func(at *place, f field, parquet bool) {
		address, err := render(f.get, c, data, false)
		if err != nil {
			return // reported elsewhere, or not known yet
		}
		for i, t := range s.Triggers {
			if t.S3 == nil {
				continue
			}
			bucket, ok := c.Lake[t.S3.Bucket]
			if !ok {
				bucket = "s3://" + t.S3.Bucket
			}
			if key, ok := strings.CutPrefix(address, bucket+"/"); ok && t.S3.takes(key, false, parquet) {
				errs = append(errs, fmt.Errorf("pipeline %s: %s: %s", s.Name, at, ownOutput(address, i)))
			}
		}
	}
	for i := range s.Jobs {
		at := &place{text: "jobs[" + s.Jobs[i].Name + "]"}
		for _, f := range s.independent(fieldsOfJob(at, &Job{Expect: s.Jobs[i].Expect, Type: job.Bash})) {
			check(f.at, f, false)
		}
	}
	for _, f := range s.independent(s.fieldsOfDatasets()) {
		check(f.at, f, true)
	}
	if s.Publish != nil {
		check(root("publish").key("location"), field{get: s.Publish.Location}, true)
	}
	return errors.Join(errs...)
}

// fieldsOfDatasets returns the addresses of the datasets that runs write. They are not set.
func (s Spec) fieldsOfDatasets() []field {
	all := fieldsOfOutputs(s.Outputs)
	for i := range s.Checks {
		all = append(all, fieldsOfCheck(root("checks").index(i), &s.Checks[i])[0])
	}
	return all
}
