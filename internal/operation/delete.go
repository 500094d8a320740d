package operation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// DeleteRequest removes a pipeline.
type DeleteRequest struct {
	Pipeline string `json:"pipeline"`
	Cancel   bool   `json:"cancel,omitempty"` // cancel its active runs; otherwise they prevent the deletion
	Force    bool   `json:"force,omitempty"`  // also if other pipelines wait for its runs
	Why      string `json:"why,omitempty"`    // the reason for the record, with the caller's name
}

// Deleted is the answer to a DeleteRequest.
type Deleted struct {
	Pipeline  string   `json:"pipeline"`
	Version   int      `json:"version"`   // the last one
	Versions  int      `json:"versions"`  // how many were removed
	Cancelled []string `json:"cancelled"` // runs
	More      bool     `json:"more"`      // more runs are to be cancelled: repeat the request
}

// Deleter removes pipelines. The history of their runs is kept.
type Deleter struct {
	Store  *register.Store
	Runs   *store.Runs
	Cancel func(context.Context, CancelRequest) (struct{}, error)
}

const (
	shown      = 5                // active runs in a message
	most       = 1000             // active runs that are looked for at once
	cancelling = 10 * time.Second // before its timeout the function cancels nothing more
)

// Delete removes the triggers and the versions of a pipeline, first of all the triggers:
// no run is requested any more when runs are cancelled. It can be repeated.
func (d *Deleter) Delete(ctx context.Context, in DeleteRequest) (Deleted, error) {
	if active, err := d.active(ctx, in.Pipeline); err != nil || len(active) > 0 && !in.Cancel {
		return Deleted{}, cmp.Or(err, stillActive(in.Pipeline, active))
	}
	gone, err := d.Store.Delete(ctx, in.Pipeline, in.Force, time.Now())
	if err != nil {
		return Deleted{}, err
	}
	out := Deleted{Pipeline: in.Pipeline, Version: gone.Version, Versions: gone.Versions, Cancelled: []string{}}
	if in.Cancel {
		if err := d.cancel(ctx, in, &out); err != nil {
			return out, fmt.Errorf("pipeline %s is deleted, but not all of its runs are cancelled; repeat the command: %w", in.Pipeline, err)
		}
	}
	if !gone.Changed && gone.Versions == 0 && len(out.Cancelled) == 0 {
		return out, fault.New(fault.InvalidInput, "pipeline %s was deleted before; the last version was %d", in.Pipeline, gone.Version)
	}
	slog.InfoContext(ctx, "pipeline deleted", "pipeline", in.Pipeline, "version", gone.Version, "versions", gone.Versions, "cancelled", len(out.Cancelled), "why", in.Why)
	return out, nil
}

// active are the runs of a pipeline that have not ended.
func (d *Deleter) active(ctx context.Context, name string) ([]run.Run, error) {
	var all []run.Run
	for _, state := range []run.State{run.Running, run.Admitted, run.Queued} {
		found, err := d.Runs.List(ctx, run.Query{Pipeline: name, State: state, Limit: most})
		if err != nil {
			return nil, fmt.Errorf("look for active runs of %s: %w", name, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// stillActive names some of the runs.
func stillActive(name string, active []run.Run) error {
	var ids []string
	for _, r := range active[:min(len(active), shown)] {
		ids = append(ids, r.ID)
	}
	if len(active) > shown {
		ids = append(ids, fmt.Sprintf("and %d more", len(active)-shown))
	}
	return fault.New(fault.InvalidInput, "pipeline %s has active runs: %s; wait until they have ended, or cancel them with --cancel", name, strings.Join(ids, ", "))
}

// cancel cancels the active runs, as long as there is time. Those whose cancellation was
// requested before are left out.
func (d *Deleter) cancel(ctx context.Context, in DeleteRequest, out *Deleted) error {
	active, err := d.active(ctx, in.Pipeline)
	if err != nil {
		return err
	}
	why := cmp.Or(in.Why, "pipeline deleted")
	var errs []error
	for _, r := range active {
		if r.Cancel != "" {
			continue
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) < cancelling {
			out.More = true
			break
		}
		_, err := d.Cancel(ctx, CancelRequest{RunID: r.ID, Why: why})
		switch {
		case err == nil:
			out.Cancelled = append(out.Cancelled, r.ID)
		case fault.NameOf(err) != fault.InvalidInput: // it has ended meanwhile
			errs = append(errs, err)
		}
	}
	out.More = out.More || len(active) >= most && len(out.Cancelled) > 0
	return errors.Join(errs...)
}
