package intake

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"ephemr/internal/backfill"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/outbox"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Backfiller makes the runs of backfills, by the same rules as other requests.
type Backfiller struct {
	Settings  stage.Settings
	Runs      *store.Runs
	Pipelines Pipelines
	Users     Users
	Engines   engine.Catalog
	Notices   *outbox.Store
}

// Make makes the run of a child with a version of the pipeline, or retries it. What the
// child's run has become meanwhile decides: one that exists and has not failed stays.
func (f *Backfiller) Make(ctx context.Context, b backfill.Backfill, v register.Version, c backfill.Child, requestedAt time.Time) error {
	if b.Request.Only != backfill.Missing {
		id, err := b.RunID(c)
		if err != nil {
			return err
		}
		r, err := f.Runs.Peek(ctx, id)
		if err != nil {
			return err
		}
		if r != nil && r.State != run.Rejected {
			return f.retry(ctx, b, *r, requestedAt)
		}
		if r != nil && r.Backfill == b.ID {
			return nil // refused before
		}
	}
	return f.create(ctx, b, v, c, requestedAt)
}

// retry retries a run that has failed, unless b has done so before.
func (f *Backfiller) retry(ctx context.Context, b backfill.Backfill, r run.Run, requestedAt time.Time) error {
	if r.Backfill == b.ID || r.State != run.Failed && r.State != run.Cancelled {
		return nil
	}
	err := f.Runs.RequeueFor(ctx, r.ID, b.ID, b.Request.Parallel, requestedAt)
	if e, ok := errors.AsType[*fault.Error](err); ok && (e.Name == fault.InvalidInput || e.Name == fault.Conflict) {
		slog.WarnContext(ctx, "run of a backfill not retried", "backfill", b.ID, "runId", r.ID, "reason", err.Error())
		return nil
	}
	return err
}

// create makes the run of a child. What is wrong with it is recorded with its date, so
// that the others go on.
func (f *Backfiller) create(ctx context.Context, b backfill.Backfill, v register.Version, c backfill.Child, requestedAt time.Time) error {
	values, err := b.Values(c)
	if err != nil {
		return err
	}
	lowest := 0
	request := RunRequest{
		Pipeline: b.Request.Pipeline, Params: values, Values: b.Request.Params, Logical: c.Planned(), Priority: &lowest, RequestedAt: requestedAt,
		Trigger: run.Trigger{Kind: run.ByBackfill, Schedule: scheduleOf(b, c)}, Dated: true, Due: true,
	}
	w, err := f.made(ctx, request, b, v)
	if err != nil {
		return err
	}
	w.Run.Backfill, w.Run.Parallel = b.ID, b.Request.Parallel
	if start, end, err := b.Interval(c); err != nil {
		return err
	} else if !end.IsZero() {
		w.Run.IntervalStart, w.Run.IntervalEnd = start, end
	}
	return f.record(ctx, v, w)
}

// made is the run of a request, or a rejected one.
func (f *Backfiller) made(ctx context.Context, request RunRequest, b backfill.Backfill, v register.Version) (w NewRun, _ error) {
	all, err := request.NewRuns(ctx, f.Settings, registered{f.Pipelines, &v}, f.Users, f.Engines)
	if err == nil && len(all) != 1 {
		err = fault.New(fault.InvalidInput, "the matrix of pipeline %s has changed since backfill %s was started; start another backfill", v.Spec.Name, b.ID)
	}
	if IsInvalid(err) {
		w = request.rejected(err, nil)
		w.Run.Params, _ = v.Spec.Conceal(w.Run.Params)
		return w, nil
	}
	if err != nil {
		return w, err
	}
	return all[0], nil
}

// record creates a run, with a notice if it is rejected.
func (f *Backfiller) record(ctx context.Context, v register.Version, w NewRun) error {
	if w.Run.State == run.Rejected {
		slog.WarnContext(ctx, "run of a backfill rejected", "backfill", w.Run.Backfill, "runId", w.Run.ID, "reason", w.Run.Reason)
	}
	notice, err := report(ctx, registered{f.Pipelines, &v}, f.Notices, f.Settings.Stage, w.Run)
	if err != nil {
		return err
	}
	if _, _, err := f.Runs.Create(ctx, w.Run, w.Spec, notice...); err != nil && !run.IsRefused(err) {
		return err
	}
	return nil
}

// registered answers with a version that was read before, for many runs.
type registered struct {
	Pipelines

	version *register.Version
}

// Current returns the version.
func (r registered) Current(context.Context, string) (*register.Version, error) {
	return r.version, nil
}

func scheduleOf(b backfill.Backfill, c backfill.Child) string {
	if s := b.Schedules[c.Schedule]; s.Cron != "" {
		return s.String()
	}
	return ""
}
