package pipeline

import (
	"regexp"
	"strconv"

	"ephemr/internal/job"
)

var (
	percentPattern = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,3})?%$`)
	pointsPattern  = regexp.MustCompile(`^[0-9]{1,2}(\.[0-9]{1,3})?pp$`)
)

// The bounds of drift.against.
const (
	minAgainst = 3
	maxAgainst = 60
)

// checkDrift applies the rules to a comparison with earlier runs. It has no templates.
func checkDrift(p *place, d *job.Drift, fault report) {
	if d == nil {
		return
	}
	if d.Rows+d.Nulls == "" {
		fault(p, "drift compares nothing; add rows, nulls or both (example: {rows: 30%%, nulls: 5pp})")
	}
	if d.Rows != "" && !percentPattern.MatchString(d.Rows) {
		fault(p.key("rows"), "invalid drift of rows %q: use percent of the median (example: 30%%)", d.Rows)
	}
	if d.Nulls != "" && !pointsPattern.MatchString(d.Nulls) {
		fault(p.key("nulls"), "invalid drift of nulls %q: use percentage points of the rows (example: 5pp)", d.Nulls)
	}
	if d.Against != 0 && (d.Against < minAgainst || d.Against > maxAgainst) {
		fault(p.key("against"), "against is %s; use %d to %d runs", strconv.Itoa(d.Against), minAgainst, maxAgainst)
	}
}
