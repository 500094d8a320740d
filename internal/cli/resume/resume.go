// Package resume is ephemr resume: it starts the triggers of a paused pipeline again.
package resume

import (
	"context"
	"fmt"

	"ephemr/internal/calendar"
	"ephemr/internal/cli/due"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	Pipeline string
	Catchup  string // none, latest, all; "" = as each trigger says
	JSON     bool
}

// Run resumes a pipeline. With JSON it prints a register.Paused.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) error {
	catchup := pipeline.Catchup(o.Catchup)
	if !catchup.Valid() {
		return exit.Usage("invalid --catchup %q: use none, latest or all", o.Catchup)
	}
	var out register.Paused
	if err := lambdacall.Control(ctx, api, s, operation.Resume, operation.ResumeRequest{Pipeline: o.Pipeline, Catchup: catchup}, &out); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(out)
	}
	if !out.Changed {
		io.Printf("pipeline %s is not paused\n", out.Pipeline)
		return nil
	}
	io.Printf("pipeline %s resumed\n", out.Pipeline)
	due.Show(io, out.Due, func(d calendar.Dates) string {
		return fmt.Sprintf("%d to be requested, %d skipped", d.Made, d.Due-d.Made)
	})
	return nil
}
