package pipeline

import (
	"maps"
	"slices"

	"ephemr/internal/expectation"
	"ephemr/internal/job"
)

// ByFooters reports whether the state CheckData decides all checks by listings and footers
// of datasets in the lake, so that no job reads data. Conditional jobs follow a failed
// check, which then has to be a job.
func (s Spec) ByFooters() bool {
	reads := func(c job.Check) bool {
		return c.Looks() && (!lakeAddress.MatchString(c.Dataset) || !expectation.ByFooters(c))
	}
	conditional := func(j Job) bool { return j.When.conditional() }
	return len(s.Checks) > 0 && !slices.ContainsFunc(s.Checks, reads) && !slices.ContainsFunc(s.Jobs, conditional)
}

// fieldsOfCheck returns the templates of a check below p, in a fixed order; the first is
// the dataset.
func fieldsOfCheck(p *place, c *job.Check) []field {
	var all []field
	add := func(at *place, text *string) {
		all = append(all, field{at: at, get: *text, set: func(s string) { *text = s }})
	}
	add(p.key("dataset"), &c.Dataset)
	add(p.key("partition"), &c.Partition)
	add(p.key("where"), &c.Where)
	add(p.key("rows"), &c.Rows)
	add(p.key("files"), &c.Files)
	add(p.key("freshness"), &c.Freshness)
	for _, name := range sorted(c.Range) {
		b := c.Range[name]
		at := p.key("range").key(name)
		all = append(all,
			field{at: at.key("min"), get: b.Min, set: func(s string) { e := c.Range[name]; e.Min = s; c.Range[name] = e }},
			field{at: at.key("max"), get: b.Max, set: func(s string) { e := c.Range[name]; e.Max = s; c.Range[name] = e }})
	}
	for _, name := range sorted(c.Relationships) {
		all = append(all, field{
			at: p.key("relationships").key(name).key("dataset"), get: c.Relationships[name].Dataset,
			set: func(s string) { e := c.Relationships[name]; e.Dataset = s; c.Relationships[name] = e },
		})
	}
	for _, name := range sorted(c.Accepted) {
		for i := range c.Accepted[name] {
			add(p.key("accepted").key(name).index(i), &c.Accepted[name][i])
		}
	}
	if c.Reconcile != nil {
		add(p.key("reconcile").key("dataset"), &c.Reconcile.Dataset)
	}
	return all
}

// cloneCheck copies what fieldsOfCheck sets.
func cloneCheck(c job.Check) job.Check {
	c.Range, c.Relationships, c.Accepted = maps.Clone(c.Range), maps.Clone(c.Relationships), maps.Clone(c.Accepted)
	for name, values := range c.Accepted {
		c.Accepted[name] = slices.Clone(values)
	}
	if c.Reconcile != nil {
		other := *c.Reconcile
		c.Reconcile = &other
	}
	return c
}
