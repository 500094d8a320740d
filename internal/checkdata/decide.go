package checkdata

import (
	"context"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/quality"
	"ephemr/internal/result"
	"ephemr/internal/run"
)

// decide evaluates the checks of a run if listings and footers decide all of them. Then
// there is no job that does.
func (c *Checker) decide(ctx context.Context, rec *run.Record, r *reader) ([]job.Finding, error) {
	if !rec.Spec.ByFooters() {
		return nil, nil
	}
	checks, err := rec.Spec.RenderChecks(rec.Context(c.Settings))
	if err != nil {
		return []job.Finding{{Expect: "checks that can be filled in", Found: brief(err.Error(), rec.Run.Secrets)}}, nil
	}
	checker := quality.Checker{S3: c.S3, Now: time.Now, Began: rec.Began(), OnlyFooters: true, Data: r}
	report, err := checker.Run(ctx, checks)
	if err != nil && (ctx.Err() != nil || !r.last && mayPass(err)) {
		return nil, err
	}
	if err != nil {
		return []job.Finding{{Expect: "data that can be read", Found: brief(err.Error(), rec.Run.Secrets)}}, nil
	}
	return job.FitFindings(result.Conceal(report.Findings, rec.Run.Secrets)), nil
}
