package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ephemr/internal/job"
)

// Output is a dataset that a run writes.
type Output struct {
	Dataset   string // s3://bucket/prefix/
	Partition string // the folder of the run, e.g. dt=2026-01-02; "" = the whole dataset
}

// Keys are the names of the partition, as in dt/country; "" of a whole dataset.
func (o Output) Keys() string {
	if o.Partition == "" {
		return ""
	}
	var names []string
	for folder := range strings.SplitSeq(o.Partition, "/") {
		name, _, _ := strings.Cut(folder, "=")
		names = append(names, name)
	}
	return strings.Join(names, "/")
}

// Address is the address of what the run writes.
func (o Output) Address() string {
	if o.Partition == "" {
		return o.Dataset
	}
	return o.Dataset + o.Partition + "/"
}

// OutputAt is the output at an address: folders such as dt=2026-01-02 at its end are
// the partition, and so is partition.
func OutputAt(address, partition string) Output {
	rest, _ := strings.CutPrefix(address, "s3://")
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	n := len(parts)
	for n > 1 && strings.Contains(parts[n-1], "=") {
		n--
	}
	folders := parts[n:]
	if p := strings.Trim(partition, "/"); p != "" {
		folders = append(folders, p)
	}
	return Output{Dataset: "s3://" + strings.Join(parts[:n], "/") + "/", Partition: strings.Join(folders, "/")}
}

// Writes reports whether the pipeline says what its runs write.
func (s Spec) Writes() bool { return len(s.Checks)+len(s.Outputs) > 0 }

// Compares reports whether checks compare the statistics of a run.
func (s Spec) Compares() bool {
	return slices.ContainsFunc(s.Checks, func(c job.Check) bool { return c.Drift != nil })
}

// Written returns what a run writes, each once: the datasets of its checks, and those
// of outputs that no check is about. The error joins one for every address that cannot
// be filled in; the others are returned.
func (s Spec) Written(c Context) (all []Output, _ error) {
	var errs []error
	add := func(o Output, unless func(Output) bool) {
		if !slices.ContainsFunc(all, unless) {
			all = append(all, o)
		}
	}
	for i, check := range s.Checks {
		if check.Dataset == "" { // of a query
			continue
		}
		o, err := s.CheckedOutput(i, c)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		add(o, func(other Output) bool { return other == o })
	}
	for i, address := range s.Outputs {
		at := root("outputs").index(i)
		f := field{at: at, get: address, set: func(s string) { address = s }}
		err := s.fill(at, []field{f}, c)
		if err == nil {
			checkDataset(at, "output", address, func(p *place, format string, args ...any) {
				err = c.hide(fmt.Errorf("pipeline %s: render %s: %s", s.Name, p, fmt.Sprintf(format, args...)))
			})
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		o := OutputAt(address, "")
		add(o, func(other Output) bool { return other == o || o.Partition == "" && other.Dataset == o.Dataset })
	}
	return all, errors.Join(errs...)
}

// CheckedOutput returns what a check is about, filled in.
func (s Spec) CheckedOutput(i int, c Context) (Output, error) {
	at := root("checks").index(i)
	check := job.Check{Dataset: s.Checks[i].Dataset, Partition: s.Checks[i].Partition}
	err := s.fill(at, fieldsOfCheck(at, &check), c)
	return OutputAt(check.Dataset, check.Partition), err
}

// fieldsOfOutputs returns the templates of outputs. They are not set.
func fieldsOfOutputs(outputs []string) (all []field) {
	for i, address := range outputs {
		all = append(all, field{at: root("outputs").index(i), get: address, set: func(string) {}})
	}
	return all
}

func (r *rules) outputs() {
	all := root("outputs")
	r.atMost(all, "outputs", len(r.spec.Outputs), maxOutputs)
	for i, address := range r.spec.Outputs {
		p := all.index(i)
		checkDataset(p, "output", address, r.fault)
		if slices.Contains(r.spec.Outputs[:i], address) {
			r.fault(p, "duplicate %q; remove one", address)
		}
		if bucket, ok := bucketOf(address); ok && len(r.zoneOf) > 0 && r.zoneOf[bucket] == "" {
			r.fault(p, "bucket %s is not in the lake, whose datasets alone have statistics; use {{.Lake.<zone>}}/", bucket)
		}
	}
}

// bucketOf is the bucket that an address names without a template.
func bucketOf(address string) (string, bool) {
	rest, ok := strings.CutPrefix(address, "s3://")
	bucket, _, _ := strings.Cut(rest, "/")
	return bucket, ok && bucket != "" && !isTemplate(bucket)
}
