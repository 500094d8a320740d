package runner

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"ephemr/internal/iceberg"
	"ephemr/internal/job"
	"ephemr/internal/quality"
)

// checks executes a job of type quality.
func (r *Runner) checks(ctx context.Context, s job.Spec, stdout io.Writer) (job.Result, error) {
	if s.TimeoutSeconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(s.TimeoutSeconds)*time.Second)
		defer cancel()
	}
	checker := quality.Checker{S3: r.S3, Now: r.Now, Began: s.Began, Branch: s.Branch}
	if s.Database != "" && r.Glue != nil {
		checker.Catalog = iceberg.Catalog{Glue: r.Glue, Database: s.Database}
	}
	report, err := checker.Run(ctx, s.Checks)
	if err != nil {
		return ended(ctx, classify(err)), nil
	}
	table(stdout, report.Findings)
	res := job.Result{Checks: report.Findings, Outputs: report.Outputs}
	if read := checker.Snapshots(); len(read) > 0 {
		res.Outputs[job.SnapshotsOutput] = strings.Join(read, ",")
	}
	if failed := report.Failed(); failed > 0 {
		res.Class, res.ExitCode = job.ClassData, exitData
		res.Reason = fmt.Sprintf("%d of %d checks failed", failed, len(report.Findings))
	}
	return res, nil
}

// table prints findings without sample rows: the last lines of a log may be sent in notices.
func table(w io.Writer, findings []job.Finding) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "CHECK\tDATASET\tEXPECT\tFOUND\tSOURCE\tREAD\tTOOK")
	for _, f := range findings {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%.3f s\n", f.Verdict(), f.Dataset, f.Expect, f.Found, f.Source, humanize.IBytes(uint64(max(f.Bytes, 0))), f.Seconds)
	}
	_ = t.Flush()
}
