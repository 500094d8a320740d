// Package redo is ephemr redo: it gives the objects of a run to a new run.
package redo

import (
	"context"

	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/intake"
	"ephemr/internal/operation"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	RunID     string
	RequestID string // one new run for each
	JSON      bool
}

// Run requests the new run and prints its id.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) error {
	var r intake.Redone
	if err := lambdacall.Control(ctx, api, s, operation.Redo, intake.RedoRequest{RunID: o.RunID, RequestID: o.RequestID}, &r); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(r)
	}
	io.Printf("%s\n", r.RunID)
	io.Notef("the objects of %s are given to a new run; follow it with: ephemr logs -f %s\n", o.RunID, r.RunID)
	return nil
}
