// Package terminate is ephemr terminate: it ends a cluster by hand.
package terminate

import (
	"context"

	"ephemr/internal/cli/call"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	Cluster string
	Force   bool
	Why     string // who asks, and why
	JSON    bool
}

// Run ends a cluster. With JSON it prints what the function answered.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api call.InvokeAPI) error {
	var out cluster.ManualOutput
	in := map[string]any{"hand": cluster.ManualRequest{ClusterID: o.Cluster, Force: o.Force, Why: o.Why}}
	if err := call.Function(ctx, api, s.TerminateFunction, in, &out); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(out)
	}
	tell(io, out)
	return nil
}

func tell(io *terminal.IO, out cluster.ManualOutput) {
	if out.State == string(pool.Draining) {
		io.Printf("%s takes no more runs, and is terminated when %s given it back\n", out.ClusterID, have(len(out.Runs)))
		for _, id := range out.Runs {
			io.Notef("%s\n", id)
		}
		return
	}
	io.Printf("%s is being terminated\n", out.ClusterID)
	for _, id := range out.Runs {
		io.Notef("run %s loses its cluster: ephemr show %s tells how it ends\n", id, id)
	}
}

func have(runs int) string {
	if runs == 1 {
		return "the run that leases it has"
	}
	return "the " + terminal.Count(runs, "run") + " that lease it have"
}
