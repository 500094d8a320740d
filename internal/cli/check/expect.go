package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/findings"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/dataset"
	"ephemr/internal/expectation"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/quality"
)

// Evaluated is what -o json prints of checks.
type Evaluated struct {
	Findings []job.Finding     `json:"findings"`
	Outputs  map[string]string `json:"outputs"` // rows of the dataset, or rows.1, rows.2, … of several
}

func (o Options) expects() bool { return o.File != "" || !reflect.ValueOf(o.Expect).IsZero() }

// checks returns the valid checks of the options.
func (o Options) checks() ([]job.Check, error) {
	if o.File == "" {
		c := o.Expect
		c.Dataset = o.Dataset
		if err := expectation.Validate(c); err != nil {
			return nil, exit.Usage("%w", err)
		}
		return []job.Check{c}, nil
	}
	if o.Dataset != "" || !reflect.ValueOf(o.Expect).IsZero() {
		return nil, exit.Usage("the file has the datasets and what is expected of them: use -f without others")
	}
	text, err := os.ReadFile(o.File)
	if err != nil {
		return nil, exit.Usage("read checks: %w", err)
	}
	checks, err := pipeline.ParseChecks(o.File, text)
	if err != nil {
		return nil, exit.Usage("%w", err)
	}
	return checks, nil
}

// evaluate prints what is found. Data that is not as expected is an error.
func (o Options) evaluate(ctx context.Context, io *terminal.IO, connect func(context.Context) (Connected, error)) error {
	checks, err := o.checks()
	if err != nil {
		return err
	}
	for _, c := range checks {
		if c.Drift != nil {
			return exit.Usage("check %s: drift compares a run with earlier ones; remove it, and use ephemr stats", c.Dataset)
		}
		if c.WrittenBy != "" {
			return exit.Usage("check %s: writtenBy needs a run; use freshness", c.Dataset)
		}
	}
	client, err := connect(ctx)
	if err != nil {
		return err
	}
	for i := range checks {
		checks[i] = inBuckets(checks[i], client.Bucket)
	}
	checker := quality.Checker{S3: client.S3, Now: time.Now, Catalog: client.Catalog}
	report, err := checker.Run(ctx, checks)
	if _, invalid := errors.AsType[*quality.InvalidError](err); invalid {
		return exit.Usage("%w", err)
	}
	if err != nil {
		return err
	}
	if o.JSON {
		err = io.JSON(Evaluated(report))
	} else {
		findings.Print(io, report.Findings)
	}
	if n := report.Failed(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d checks failed", n, len(report.Findings)))
	}
	return err
}

// inBuckets replaces zones of the lake by their buckets.
func inBuckets(c job.Check, bucket func(string) string) job.Check {
	in := func(address string) string {
		at, err := dataset.Parse(address)
		if err != nil {
			return address
		}
		return "s3://" + bucket(at.Bucket) + "/" + at.Prefix
	}
	c.Dataset = in(c.Dataset)
	for name, r := range c.Relationships {
		c.Relationships[name] = job.Reference{Dataset: in(r.Dataset), Column: r.Column}
	}
	if c.Reconcile != nil {
		c.Reconcile.Dataset = in(c.Reconcile.Dataset)
	}
	return c
}
