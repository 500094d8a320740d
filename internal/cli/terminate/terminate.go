// Package terminate is ephemr terminate: it terminates a cluster.
package terminate

import (
	"context"

	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/operation"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	Cluster string
	Force   bool
	Why     string // reason to log
	JSON    bool
}

// Run terminates a cluster. With JSON it prints the response of the function.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) error {
	var out cluster.ManualOutput
	in := cluster.ManualRequest{ClusterID: o.Cluster, Force: o.Force, Why: o.Why}
	if err := lambdacall.Control(ctx, api, s, operation.Terminate, in, &out); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(out)
	}
	report(io, out)
	return nil
}

func report(io *terminal.IO, out cluster.ManualOutput) {
	if out.State == string(pool.Draining) {
		io.Printf("draining cluster %s: it terminates when %s returned it\n", out.ClusterID, have(len(out.Runs)))
		for _, id := range out.Runs {
			io.Notef("%s\n", id)
		}
		return
	}
	io.Printf("terminating cluster %s\n", out.ClusterID)
	for _, id := range out.Runs {
		io.Notef("run %s loses its cluster; check it with: ephemr show %s\n", id, id)
	}
}

func have(runs int) string {
	if runs == 1 {
		return "the run that leases it has"
	}
	return "the " + terminal.Count(runs, "run") + " that lease it have"
}
