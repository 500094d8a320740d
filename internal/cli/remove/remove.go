// Package remove is ephemr delete: it removes a registered pipeline.
package remove

import (
	"context"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/register"
	"ephemr/internal/stage"
)

// Pipelines finds registered pipelines.
type Pipelines interface {
	Current(ctx context.Context, name string) (*register.Version, error)
}

// Options of the command.
type Options struct {
	Pipeline string
	Yes      bool
	Cancel   bool // active runs
	Force    bool // also if other pipelines wait for its runs
	Why      string
	JSON     bool
}

// Run deletes a pipeline. With JSON it prints an operation.Deleted.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, known Pipelines, api lambdacall.InvokeAPI) error {
	if !o.Yes {
		return unconfirmed(ctx, o.Pipeline, known)
	}
	all := operation.Deleted{Cancelled: []string{}}
	for more := true; more; {
		var out operation.Deleted
		in := operation.DeleteRequest{Pipeline: o.Pipeline, Cancel: o.Cancel, Force: o.Force, Why: o.Why}
		if err := lambdacall.Control(ctx, api, s, operation.Delete, in, &out); err != nil {
			return err
		}
		all.Pipeline, all.Version = out.Pipeline, out.Version
		all.Versions += out.Versions
		all.Cancelled = append(all.Cancelled, out.Cancelled...)
		more = out.More
	}
	if o.JSON {
		return io.JSON(all)
	}
	for _, id := range all.Cancelled {
		io.Printf("cancelling run %s; check it with: ephemr show %[1]s\n", id)
	}
	io.Printf("pipeline %s deleted: its triggers and %s; the history of its runs is kept\n", all.Pipeline, terminal.Count(all.Versions, "version"))
	return nil
}

// unconfirmed says what would be deleted.
func unconfirmed(ctx context.Context, name string, known Pipelines) error {
	v, err := known.Current(ctx, name)
	if err != nil {
		return err
	}
	if v == nil {
		return exit.Usage("pipeline %s not found; list pipelines with ephemr pipelines", name)
	}
	return exit.Usage("delete %s, version %d, with %s? Confirm with: ephemr delete %[1]s --yes", name, v.Number, terminal.Count(len(v.Spec.Triggers), "trigger"))
}
