// Package retry is ephemr retry: it retries a failed or cancelled run.
package retry

import (
	"context"
	"time"

	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	RunID string
	JSON  bool
}

// Records loads runs.
type Records interface {
	Load(ctx context.Context, id string) (*run.Record, error)
}

// patience is the time for the end of a failed run to be recorded completely,
// which usually takes less than a second.
const patience = 15 * time.Second

// Run requests the retry. Right after a failure it waits until the end of the
// run is recorded.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, runs Records, api lambdacall.InvokeAPI) error {
	if err := settled(ctx, runs, o.RunID); err != nil {
		return err
	}
	var r operation.Retried
	if err := lambdacall.Control(ctx, api, s, operation.Retry, operation.RetryRequest{RunID: o.RunID}, &r); err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(r)
	}
	io.Printf("retrying run %s; follow it with: ephemr logs -f %s\n", o.RunID, o.RunID)
	return nil
}

// settled waits until the end of a run is recorded, up to a limit. The function
// reports all other reasons why the run cannot be retried.
func settled(ctx context.Context, runs Records, id string) error {
	for began := time.Now(); time.Since(began) < patience; {
		rec, err := runs.Load(ctx, id)
		if err != nil || !retriable(rec.Run) || rec.Run.Settled() {
			return ctx.Err()
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	return nil
}

func retriable(r run.Run) bool { return r.State == run.Failed || r.State == run.Cancelled }
