// Package rollback is ephemr rollback: it makes an older version of a pipeline the
// newest one.
package rollback

import (
	"context"
	"strings"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/register"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	Pipeline string
	To       int // 0 = the version before the current one
	JSON     bool
}

// Run rolls a pipeline back. With JSON it prints a register.RolledBack.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) error {
	if o.To < 0 {
		return exit.Usage("invalid --to %d: versions start at 1", o.To)
	}
	var out register.RolledBack
	if err := lambdacall.Control(ctx, api, s, operation.Rollback, operation.RollbackRequest{Pipeline: o.Pipeline, To: o.To}, &out); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(out)
	}
	if !out.Changed {
		io.Printf("%s version %d has the content of version %d already\n", out.Pipeline, out.Version, out.To)
		return nil
	}
	io.Printf("%s version %d registered, with the content of version %d\n", out.Pipeline, out.Version, out.To)
	if len(out.Schedules) > 0 {
		io.Printf("  schedules: %s\n", strings.Join(out.Schedules, ", "))
	}
	return nil
}
