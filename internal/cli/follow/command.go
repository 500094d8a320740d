package follow

import (
	"context"
	"errors"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
)

// OnOut returns a View that writes everything to io.Out, or to io.Err when a
// program reads the former.
func OnOut(io *terminal.IO, json bool) *View {
	if json {
		return &View{Out: io.Err, Err: io.Err, Notes: io.Err, Clean: io.ErrTTY, Status: io.StatusLine(), Style: io.ErrStyle()}
	}
	return &View{Out: io.Out, Err: io.Out, Notes: io.Out, Clean: io.OutTTY, Status: io.OutStatusLine(), Style: io.OutStyle()}
}

// AsIfHere returns a View that writes what the job prints as if it ran here,
// and everything else to io.Err.
func AsIfHere(io *terminal.IO, json bool) *View {
	v := &View{Out: io.Out, Err: io.Err, Notes: io.Err, Raw: true, Clean: io.OutTTY && io.ErrTTY, Status: io.StatusLine(), Style: io.ErrStyle()}
	if json {
		v.Out = io.Err
	}
	return v
}

// Request follows the run that a request causes to its end. An interrupt ends
// only the following.
func (f *Follower) Request(ctx context.Context, sent request.Sent, io *terminal.IO, v *View) (*run.Record, error) {
	r, err := f.Arrival(ctx, sent.RunID, sent.Pipeline, sent.Caused, v.Emit)
	if err != nil {
		v.Close()
		return nil, Detached(ctx, err, io, sent.RunID)
	}
	rec, err := f.Show(ctx, r.ID, v)
	return rec, Detached(ctx, err, io, r.ID)
}

// Detached tells how to come back to a run whose following ended early.
func Detached(ctx context.Context, err error, io *terminal.IO, id string) error {
	if err == nil {
		return nil
	}
	if _, absent := errors.AsType[*AbsentError](err); absent {
		return err
	}
	if ctx.Err() == nil {
		io.Notef("the run goes on; follow it with: ephemr logs -f %s\n", id)
		return err
	}
	io.Notef("detached; the run goes on; follow it with: ephemr logs -f %s\n", id)
	return exit.Silently(exit.Interrupted)
}

// ExitCode is the exit code for how a run ended.
func ExitCode(state run.State) int {
	switch state {
	case run.Succeeded:
		return exit.OK
	case run.Rejected:
		return exit.Usage
	case run.Queued, run.Admitted, run.Running, run.Failed, run.Cancelled:
		return exit.Failed
	}
	return exit.Failed
}
