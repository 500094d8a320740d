// Package cancel is ephemr cancel: it cancels runs.
package cancel

import (
	"context"
	"errors"

	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	Runs []string
	Why  string // reason to record
	Kill bool   // without a grace period
	JSON bool
}

// Cancelled is what -o json prints for each run.
type Cancelled struct {
	RunID string `json:"runId"`
	Why   string `json:"why"`
}

// Run cancels every run and joins the errors.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) error {
	done := []Cancelled{}
	var errs []error
	for _, id := range o.Runs {
		in := operation.CancelRequest{RunID: id, Why: o.Why, Kill: o.Kill}
		var out struct{}
		if err := lambdacall.Control(ctx, api, s, operation.Cancel, in, &out); err != nil {
			errs = append(errs, err)
			continue
		}
		done = append(done, Cancelled{RunID: id, Why: o.Why})
		if !o.JSON {
			io.Printf("cancelling run %s; check it with: ephemr show %[1]s\n", id)
		}
	}
	if o.JSON {
		errs = append(errs, io.JSON(done))
	}
	return errors.Join(errs...)
}
