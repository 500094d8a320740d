// Package unpublish is ephemr unpublish: it makes readers see again what was published
// before a run.
package unpublish

import (
	"context"

	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/publish"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	RunID string
	Force bool
	JSON  bool
}

// Run undoes what a run has published. With JSON it prints a publish.UndoAnswer.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) error {
	var out publish.UndoAnswer
	if err := lambdacall.Control(ctx, api, s, operation.Unpublish, publish.UndoRequest{RunID: o.RunID, Force: o.Force}, &out); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(out)
	}
	of := ""
	if out.Restored != "" {
		of = ", of run " + out.Restored
	}
	io.Printf("%s %s points at %s again%s\n", out.Table, out.Partition, out.Location, of)
	return nil
}
