package pipeline

import (
	"regexp"
	"strings"

	"ephemr/internal/expectation"
	"ephemr/internal/job"
)

var datasetPattern = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/|$)`)

func (r *rules) checks() {
	all := root("checks")
	r.atMost(all, "checks", len(r.spec.Checks), maxChecks)
	for i, c := range r.spec.Checks {
		p := all.index(i)
		if r.isTainted(p) {
			continue
		}
		check(p, c, true, r.fault)
		r.sqlChecks(p, c)
	}
}

// report records a fault at a path.
type report func(p *place, format string, args ...any)

// check applies the rules to a check. If templates is true its fields may still be
// templates, which are left for when they are filled in.
func check(p *place, c job.Check, templates bool, fault report) {
	for _, f := range expectation.Faults(c, templates) {
		at := p
		for _, step := range f.Path {
			if i, ok := step.(int); ok {
				at = at.index(i)
			} else if name, ok := step.(string); ok {
				at = at.key(name)
			}
		}
		fault(at, "%s", f.Msg)
	}
	checkDrift(p.key("drift"), c.Drift, fault)
}

// expectedOutput names an entry of a job's expect in messages.
const expectedOutput = "expected output"

// checkDataset applies the rules to the address of what, which may be a template.
func checkDataset(p *place, what, dataset string, fault report) {
	switch {
	case dataset == "":
		fault(p, "the %s has no dataset; add its address (example: s3://bucket/prefix/)", what)
	case !isTemplate(dataset) && !datasetPattern.MatchString(dataset):
		fault(p, "invalid dataset %q (example: s3://bucket/prefix/)", dataset)
	case isTemplate(dataset) && !strings.HasPrefix(dataset, "s3://") && !strings.HasPrefix(dataset, "{{"):
		fault(p, "invalid dataset %q: must begin with s3:// or {{.Lake.<zone>}}/", dataset)
	}
}

func isTemplate(s string) bool { return strings.Contains(s, "{{") }
