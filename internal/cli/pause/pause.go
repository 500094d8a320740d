// Package pause is ephemr pause: it stops the triggers of a pipeline.
package pause

import (
	"context"

	"ephemr/internal/calendar"
	"ephemr/internal/cli/due"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/register"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	Pipeline string
	Why      string // reason to record
	JSON     bool
}

// Run pauses a pipeline. With JSON it prints a register.Paused.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) error {
	var out register.Paused
	if err := lambdacall.Control(ctx, api, s, operation.Pause, operation.PauseRequest{Pipeline: o.Pipeline, Why: o.Why}, &out); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(out)
	}
	did := "paused"
	if !out.Changed {
		did = "is paused already: " + terminal.OneLine(out.Why)
	}
	io.Printf("pipeline %s %s; resume it with: ephemr resume %[1]s\n", out.Pipeline, did)
	due.Show(io, out.Due, func(calendar.Dates) string { return "ephemr resume --catchup decides about them" })
	return nil
}
