// Package result reads what a runner leaves of an attempt and judges it. No
// service that runs programs knows their exit codes and reasons, so this counts
// more than what the service says.
package result

import (
	"fmt"

	"ephemr/internal/job"
)

// Verdict is the judgement on one attempt of a job.
type Verdict struct {
	Over   bool
	Class  job.Class // "" = succeeded
	Reason string
}

// Of judges by a runner's result. ended is how the engine says that the attempt
// ended; completed says whether that means success.
func Of(r job.Result, completed bool, ended string) Verdict {
	switch {
	case r.Succeeded() && completed:
		return Verdict{Over: true}
	case r.Succeeded():
		return Verdict{Over: true, Class: job.ClassLost, Reason: "the program succeeded but its step ended " + ended}
	case r.Class == "":
		return Verdict{Over: true, Class: job.ClassJob, Reason: fmt.Sprintf("exited %d", r.ExitCode)}
	}
	return Verdict{Over: true, Class: r.Class, Reason: r.Reason}
}
