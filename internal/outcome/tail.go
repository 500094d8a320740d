package outcome

import (
	"strings"

	"ephemr/internal/job"
)

// lastWords says what the last lines of an attempt's log tell when nobody left
// a result: the first row with a matching text decides. What matches none stays
// lost: guesses must not make anything run again.
var lastWords = []struct {
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

// WithTail completes the verdict over an attempt that is lost by the last lines
// of its log.
func WithTail(a Attempt, tail []string) Attempt {
	if a.Class != job.ClassLost || len(tail) == 0 {
		return a
	}
	words := strings.ToLower(strings.Join(tail, "\n"))
	for _, row := range lastWords {
		if strings.Contains(words, row.text) {
			a.Class = row.class
			break
		}
	}
	a.Reason += "; its last words: " + tail[len(tail)-1]
	return a
}
