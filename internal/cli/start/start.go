// Package start is ephemr start: it requests a run of a registered pipeline.
package start

import (
	"context"
	"fmt"
	"time"

	"ephemr/events"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/runlog"
	"ephemr/internal/cli/show"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/stage"
	"ephemr/internal/view/follow"
)

// Pipelines finds registered pipelines.
type Pipelines interface {
	Current(ctx context.Context, name string) (*register.Version, error)
}

// Clients are the clients that start uses.
type Clients struct {
	Pipelines Pipelines
	SQS       request.QueueAPI
	Follower  *follow.Follower
	Sender    string // ours, as SQS reports it
}

// Options of the command.
type Options struct {
	Pipeline  string
	Date      string
	Params    []string // key=value
	Priority  int      // -1 = the pipeline's
	RequestID string
	Follow    bool
	JSON      bool
}

// Run sends the request and optionally follows the run. With JSON it prints
// a request.Sent, or the run.Record at the end of a followed run.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, c Clients) error {
	q, logical, err := ask(ctx, o, s.Vars, c.Pipelines)
	if err != nil {
		return err
	}
	sent, err := request.Send(ctx, c.SQS, s.RequestsQueue, c.Sender, q, logical)
	if err != nil {
		return err
	}
	switch {
	case o.Follow:
		return watch(ctx, o, io, sent, c.Follower)
	case o.JSON:
		return io.JSON(sent)
	}
	io.Printf("%s\n", sent.RunID)
	io.Notef("%s", io.ErrStyle().Dim(fmt.Sprintf("requested a run of %s; follow it with: ephemr logs -f %s\n", sent.Pipeline, sent.RunID)))
	return nil
}

// ask validates the request as intake does, so that errors are reported at once.
func ask(ctx context.Context, o Options, vars map[string]string, known Pipelines) (events.Request, time.Time, error) {
	q := events.Request{RequestID: o.RequestID, Pipeline: o.Pipeline, LogicalTime: o.Date}
	logical, err := request.LogicalTime(o.Date, time.Now())
	if err != nil {
		return q, logical, err
	}
	switch {
	case o.RequestID != "" && o.Date == "":
		return q, logical, exit.Usage("--request-id requires --date: id and date identify the request")
	case len(o.RequestID) > 128:
		return q, logical, exit.Usage("--request-id has %d characters; the maximum is 128", len(o.RequestID))
	case o.Priority < -1 || o.Priority > pipeline.MaxPriority:
		return q, logical, exit.Usage("invalid --priority %d: must be between 0 and %d", o.Priority, pipeline.MaxPriority)
	case o.RequestID == "":
		q.RequestID = request.NewID()
	}
	if o.Priority >= 0 {
		q.Priority = &o.Priority
	}
	if q.Params, err = request.Pairs("param", o.Params); err != nil {
		return q, logical, err
	}
	v, err := known.Current(ctx, o.Pipeline)
	if err != nil {
		return q, logical, err
	}
	return q, logical, refuse(o, v, q.Params, vars, logical)
}

func refuse(o Options, v *register.Version, params, vars map[string]string, logical time.Time) error {
	switch {
	case v == nil:
		return exit.Usage("pipeline %s not found; list pipelines with ephemr pipelines, register one with ephemr apply", o.Pipeline)
	case v.Paused:
		return exit.Usage("pipeline %s is paused; resume it first", o.Pipeline)
	}
	values := v.Spec.OccasionOf(logical, run.IsDate(o.Date)).Context(logical)
	values.Vars = vars
	if _, err := v.Spec.ResolveParams(params, values); err != nil {
		return exit.Usage("%w", err)
	}
	return nil
}

func watch(ctx context.Context, o Options, io *terminal.IO, sent request.Sent, f *follow.Follower) error {
	rec, err := runlog.FollowRequest(ctx, f, sent, io, runlog.Combined(io, o.JSON))
	if err != nil {
		return err
	}
	if o.JSON {
		if err := show.JSON(io, rec); err != nil {
			return err
		}
	}
	return exit.Silent(runlog.ExitCode(rec.Run.State))
}
