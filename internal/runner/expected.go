package runner

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/quality"
)

// expected looks for what a program that succeeded was to write since the attempt
// started: many programs end with 0 although they caught an error and wrote nothing.
func (r *Runner) expected(ctx context.Context, s job.Spec, started time.Time, res job.Result) (job.Result, error) {
	checker := quality.Checker{S3: r.S3, Now: r.Now}
	for _, dataset := range s.Expect {
		ok, found, err := checker.Written(ctx, dataset, started)
		if err != nil {
			return res, explain("look for what the job was expected to write to "+dataset, err)
		}
		if !ok {
			res.Class, res.ExitCode = job.ClassData, exitData
			res.Reason = fmt.Sprintf("the program exited with code 0, but wrote nothing to %s since %s: %s",
				dataset, started.UTC().Format(time.RFC3339), found)
			return res, nil
		}
	}
	return res, nil
}
