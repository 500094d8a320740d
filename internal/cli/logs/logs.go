// Package logs is ephemr logs: the output of the jobs of a run.
package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/runlog"
	"ephemr/internal/cli/show"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
	"ephemr/internal/view/follow"
)

// Options of the command.
type Options struct {
	RunID      string
	Job        string // "" = all
	Attempt    int    // 0 = all
	Raw        bool   // keep control sequences
	Stream     string // stdout, stderr or "" for both
	Since      string // time, day, or duration before now
	Grep       string // regular expression
	Archived   bool   // read the EMR archive, even if CloudWatch has the lines
	Controller bool   // EMR's logs of the steps
	Follow     bool
	JSON       bool
}

// Line is what -o json prints for each line, as JSON lines.
type Line struct {
	Time     time.Time `json:"time,omitzero"` // zero for archived lines
	Job      string    `json:"job"`
	Attempt  int       `json:"attempt"`
	Stream   string    `json:"stream"` // stdout, stderr, controller, syslog
	Message  string    `json:"message"`
	Archived bool      `json:"archived,omitempty"`
}

// Run prints the lines, and with Follow the next ones until the run ends.
func Run(ctx context.Context, o Options, io *terminal.IO, f *follow.Follower) error {
	var err error
	if f.Filter, err = o.filter(time.Now()); err != nil {
		return err
	}
	rec, err := show.Load(ctx, f.Runs, o.RunID)
	if o.Follow && exit.CodeOf(err) == exit.CodeUsage { // it may not be recorded yet
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

// known returns an error if the run has no such job.
func known(rec *run.Record, name string) error {
	if name == "" || rec.Spec == nil {
		return nil
	}
	var names []string
	for _, j := range rec.Spec.AllJobs() {
		names = append(names, j.Name)
	}
	if !slices.Contains(names, name) {
		return exit.Usage("run %s has no job %s; it has %s", rec.Run.ID, name, strings.Join(names, ", "))
	}
	return nil
}

func printed(ctx context.Context, o Options, io *terminal.IO, f *follow.Follower, rec *run.Record) error {
	v := view(o, io, f)
	v.LinesOnly, v.Status = true, nil
	v.Emit(follow.Polled{Record: rec})
	defer v.Close()
	n, emit := 0, emitter(o, io, v)
	err := f.Read(ctx, rec, func(u follow.Update) {
		if l, ok := u.(follow.Line); ok {
			if l.Unfinished {
				return // what replaces it follows
			}
			n++
		}
		emit(u)
	})
	if err == nil && n == 0 {
		io.Notef("%s\n", nothing(o, f, rec, time.Now()))
	}
	return err
}

// nothing explains why there are no lines.
func nothing(o Options, f *follow.Follower, rec *run.Record, now time.Time) string {
	ended := rec.Run.EndedAt
	switch {
	case o.Controller && rec.Run.State.Final():
		return "no controller logs in the archive; EMR writes them within five minutes of the end of a step, and they expire with the logs bucket"
	case o.Controller || o.Archived:
		return "no archived logs yet; EMR archives every five minutes"
	case o.Grep != "":
		return "no line matches " + o.Grep
	case !f.Filter.Since.IsZero():
		return fmt.Sprintf("no output since %s; run %s is %s", f.Filter.Since.UTC().Format(time.RFC3339), rec.Run.ID, rec.Run.State)
	case f.Kept > 0 && !ended.IsZero() && now.Sub(ended) > f.Kept:
		return fmt.Sprintf("logs have expired: run %s ended %s, CloudWatch keeps logs for %.0f days, and there is no EMR archive", rec.Run.ID, terminal.Ago(ended, now), f.Kept.Hours()/24)
	}
	return fmt.Sprintf("no output; run %s is %s", rec.Run.ID, rec.Run.State)
}

func followed(ctx context.Context, o Options, io *terminal.IO, f *follow.Follower) error {
	v := view(o, io, f)
	defer v.Close()
	_, err := f.Follow(ctx, o.RunID, emitter(o, io, v))
	return runlog.Detached(ctx, err, io, o.RunID)
}

// view writes lines to Out and the rest to Err, without prefixes for a single job.
func view(o Options, io *terminal.IO, f *follow.Follower) *runlog.Printer {
	v := runlog.Local(io, false)
	// Also in a pipe: what it ends in may be a terminal.
	v.Err, v.CleanOut, v.CleanErr = io.Out, !o.Raw, !o.Raw
	v.Style = terminal.Style{On: io.Color && io.OutTTY && io.ErrTTY}
	v.Match, v.Hits = f.Filter.Match, io.OutStyle()
	v.Raw, v.Alone = o.Job != "", true
	return v
}

// emitter writes lines as JSON if requested, and notes to Err.
func emitter(o Options, io *terminal.IO, v *runlog.Printer) func(follow.Update) {
	e := json.NewEncoder(io.Out)
	e.SetEscapeHTML(false)
	return func(u follow.Update) {
		l, isLine := u.(follow.Line)
		note, isNote := u.(follow.Note)
		switch {
		case isNote && (o.JSON || v.LinesOnly):
			io.Notef("%s\n", io.ErrStyle().Yellow(note.Text))
		case isLine && o.JSON && l.Unfinished: // what replaces it follows
		case isLine && o.JSON:
			_ = e.Encode(Line{Time: l.At, Job: l.Job, Attempt: l.Attempt, Stream: l.Stream, Message: l.Text, Archived: l.Archived})
		case !o.JSON:
			v.Emit(u)
		}
	}
}
