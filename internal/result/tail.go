package result

import (
	"strings"

	"ephemr/internal/job"
)

// tailClasses derive a class from the last lines of an attempt's log when there
// is no result: the first row with a matching text decides. Without a match the
// attempt stays lost: a guess must not cause a retry.
var tailClasses = []struct {
	text  string // lower case
	class job.Class
}{
	{"accessdenied", job.ClassPermission},
	{"access denied", job.ClassPermission},
	{"is not authorized to perform", job.ClassPermission},
	{"expiredtoken", job.ClassPermission},
	{"rate exceeded", job.ClassQuota},
	{"throttlingexception", job.ClassQuota},
}

// WithTail completes the verdict on a lost attempt with the last lines of its
// log.
func WithTail(v Verdict, tail []string) Verdict {
	if v.Class != job.ClassLost || len(tail) == 0 {
		return v
	}
	words := strings.ToLower(strings.Join(tail, "\n"))
	for _, row := range tailClasses {
		if strings.Contains(words, row.text) {
			v.Class = row.class
			break
		}
	}
	v.Reason += "; last log line: " + tail[len(tail)-1]
	return v
}
