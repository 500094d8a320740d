// Package runlog writes what happens in a run and what its jobs print: as text
// for people, with a status line on a terminal.
package runlog

import (
	"context"
	"errors"
	"fmt"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
	"ephemr/internal/view/follow"
)

// Combined returns a Printer that writes everything to io.Out, or to io.Err if
// io.Out is for JSON. Lines are cleaned in a pipe as well, which may end in a
// terminal.
func Combined(io *terminal.IO, json bool) *Printer {
	p := &Printer{Out: io.Out, Err: io.Out, Notes: io.Out, CleanOut: true, CleanErr: true, Status: io.OutStatusLine(), Style: io.OutStyle()}
	if json {
		p.Out, p.Err, p.Notes, p.Status, p.Style = io.Err, io.Err, io.Err, io.StatusLine(), io.ErrStyle()
	}
	return p
}

// Local returns a Printer that writes what the job prints to the same streams as
// a local program, and everything else to io.Err.
func Local(io *terminal.IO, json bool) *Printer {
	p := &Printer{
		Out: io.Out, Err: io.Err, Notes: io.Err, Raw: true, CleanOut: io.OutTTY, CleanErr: io.ErrTTY, Status: io.StatusLine(), Style: io.ErrStyle(),
	}
	if json {
		p.Out, p.CleanOut = io.Err, io.ErrTTY
	}
	return p
}

// Follow writes a run to p from its beginning to its end.
func Follow(ctx context.Context, f *follow.Follower, id string, p *Printer) (*run.Record, error) {
	defer p.Close()
	rec, err := f.Follow(ctx, id, p.Emit)
	if err != nil {
		return rec, fmt.Errorf("follow run %s: %w", id, err)
	}
	return rec, nil
}

// FollowRequest waits for the run that a request causes and follows it to its
// end. An interrupt does not affect the run.
func FollowRequest(ctx context.Context, f *follow.Follower, sent request.Sent, io *terminal.IO, p *Printer) (*run.Record, error) {
	r, err := f.Arrival(ctx, sent.RunID, sent.Pipeline, sent.Caused, p.Emit)
	if err != nil {
		p.Close()
		return nil, Detached(ctx, err, io, sent.RunID)
	}
	rec, err := Follow(ctx, f, r.ID, p)
	return rec, Detached(ctx, err, io, r.ID)
}

// Detached explains how to resume following a run after err.
func Detached(ctx context.Context, err error, io *terminal.IO, id string) error {
	if err == nil {
		return nil
	}
	if e, absent := errors.AsType[*follow.AbsentError](err); absent {
		if e.Unknown() {
			return fmt.Errorf("%w; list runs with: ephemr runs", err)
		}
		return fmt.Errorf("%w; check ephemr runs --state rejected and ephemr doctor", err)
	}
	if ctx.Err() == nil {
		io.Notef("the run continues; follow it with: ephemr logs -f %s\n", id)
		return err
	}
	io.Notef("detached; the run continues; follow it with: ephemr logs -f %s\n", id)
	return exit.Silent(exit.CodeInterrupted)
}

// ExitCode returns the exit code for the state in which a run ended.
func ExitCode(state run.State) int {
	switch state {
	case run.Succeeded:
		return exit.CodeOK
	case run.Rejected:
		return exit.CodeUsage
	case run.Queued, run.Admitted, run.Running, run.Failed, run.Cancelled:
		return exit.CodeFailed
	}
	return exit.CodeFailed
}
