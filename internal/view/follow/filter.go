package follow

import (
	"regexp"
	"time"

	"ephemr/internal/emr/steplog"
)

// Filter chooses among the log streams of a run and their lines; what is empty
// chooses all.
type Filter struct {
	Job     string
	Attempt int
	Stream  string         // stdout or stderr
	Since   time.Time      // lines from then on; those that EMR archived carry no time
	Match   *regexp.Regexp // lines that match

	Archived bool // read what EMR archived, also where CloudWatch has it
	OfEMR    bool // EMR's own words instead, which are archived only
}

// streams are the names of what is read of each attempt.
func (f Filter) streams() []string {
	switch {
	case f.OfEMR:
		return []string{steplog.Controller, steplog.Syslog}
	case f.Stream != "":
		return []string{f.Stream}
	}
	return []string{steplog.Stdout, steplog.Stderr}
}

// forced says that only what EMR archived is to be read.
func (f Filter) forced() bool { return f.Archived || f.OfEMR }

func (f Filter) wants(jobName string, attempt int) bool {
	return (f.Job == "" || f.Job == jobName) && (f.Attempt == 0 || f.Attempt == attempt)
}

// choose returns the lines that match.
func (f Filter) choose(lines []Line) []Line {
	if f.Match == nil {
		return lines
	}
	var chosen []Line
	for _, l := range lines {
		if !l.Unfinished && f.Match.MatchString(l.Text) {
			chosen = append(chosen, l)
		}
	}
	return chosen
}
