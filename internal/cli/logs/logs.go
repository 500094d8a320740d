// Package logs is ephemr logs: what the jobs of a run print.
package logs

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/follow"
	"ephemr/internal/cli/show"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
)

// Options of the command.
type Options struct {
	RunID   string
	Job     string // "" = all
	Attempt int    // 0 = all
	Stream  string // stdout, stderr or "" for both
	Follow  bool
	JSON    bool
}

// Line is what -o json prints for each line, as JSON lines.
type Line struct {
	Time    time.Time `json:"time"`
	Job     string    `json:"job"`
	Attempt int       `json:"attempt"`
	Stream  string    `json:"stream"`
	Message string    `json:"message"`
}

// Run prints the lines, and with Follow those to come until the run is over.
func Run(ctx context.Context, o Options, io *terminal.IO, f *follow.Follower) error {
	if o.Stream != "" && o.Stream != "stdout" && o.Stream != "stderr" {
		return exit.Misuse("stream %q is not known; use stdout or stderr", o.Stream)
	}
	if o.Attempt < 0 {
		return exit.Misuse("attempt %d is not known; they count from 1", o.Attempt)
	}
	f.Filter = follow.Filter{Job: o.Job, Attempt: o.Attempt, Stream: o.Stream}
	rec, err := show.Load(ctx, f.Runs, o.RunID)
	if o.Follow && exit.CodeOf(err) == exit.Usage { // it may be under way
		return followed(ctx, o, io, f)
	}
	if err != nil {
		return err
	}
	if err := known(rec, o.Job); err != nil {
		return err
	}
	if o.Follow {
		return followed(ctx, o, io, f)
	}
	return printed(ctx, o, io, f, rec)
}

// known says whether the run has such a job.
func known(rec *run.Record, name string) error {
	if name == "" || rec.Spec == nil {
		return nil
	}
	var names []string
	for _, j := range rec.Spec.AllJobs() {
		names = append(names, j.Name)
	}
	if !slices.Contains(names, name) {
		return exit.Misuse("run %s has no job %s; it has %s", rec.Run.ID, name, strings.Join(names, ", "))
	}
	return nil
}

func printed(ctx context.Context, o Options, io *terminal.IO, f *follow.Follower, rec *run.Record) error {
	v := view(o, io)
	v.LinesOnly, v.Live = true, false
	v.Emit(follow.Polled{Record: rec})
	defer v.Close()
	n := 0
	err := f.Read(ctx, rec, func(u follow.Update) { n++; emitter(o, io, v)(u) })
	if err == nil && n == 0 {
		io.Notef("nothing was printed; run %s is %s\n", rec.Run.ID, rec.Run.State)
	}
	return err
}

func followed(ctx context.Context, o Options, io *terminal.IO, f *follow.Follower) error {
	v := view(o, io)
	defer v.Close()
	_, err := f.Follow(ctx, o.RunID, emitter(o, io, v))
	return follow.Detached(ctx, err, io, o.RunID)
}

// view shows lines on Out and the rest on Err. One job alone needs no prefix.
func view(o Options, io *terminal.IO) *follow.View {
	v := follow.AsIfHere(io, false)
	v.Err, v.Clean = io.Out, io.OutTTY
	v.Style = terminal.Style{On: io.Color && io.OutTTY && io.ErrTTY}
	v.Raw, v.Alone = o.Job != "", true
	return v
}

// emitter writes lines as JSON if a program reads them.
func emitter(o Options, io *terminal.IO, v *follow.View) func(follow.Update) {
	if !o.JSON {
		return v.Emit
	}
	e := json.NewEncoder(io.Out)
	e.SetEscapeHTML(false)
	return func(u follow.Update) {
		l, ok := u.(follow.Line)
		if !ok {
			return
		}
		_ = e.Encode(Line{Time: l.At, Job: l.Job, Attempt: l.Attempt, Stream: l.Stream, Message: l.Text})
	}
}
