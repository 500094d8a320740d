package intake

import (
	"context"
	"errors"
	"time"

	"ephemr/internal/backfill"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
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
}

// Make makes the run of a child, or retries it. What the child's run has become meanwhile
// decides: one that exists and has not failed stays as it is.
func (f *Backfiller) Make(ctx context.Context, b backfill.Backfill, c backfill.Child, requestedAt time.Time) error {
	id, err := b.RunID(c)
	if err != nil {
		return err
	}
	r, err := f.Runs.Peek(ctx, id)
	if err != nil {
		return err
	}
	if r != nil {
		return f.retry(ctx, b, *r, requestedAt)
	}
	return f.create(ctx, b, c, requestedAt)
}

// retry retries a run that has failed, unless b has done so before.
func (f *Backfiller) retry(ctx context.Context, b backfill.Backfill, r run.Run, requestedAt time.Time) error {
	if r.Backfill == b.ID || b.Request.Only == backfill.Missing || r.State != run.Failed && r.State != run.Cancelled {
		return nil
	}
	err := f.Runs.RequeueFor(ctx, r.ID, b.ID, b.Request.Parallel, requestedAt)
	if e, ok := errors.AsType[*fault.Error](err); ok && (e.Name == fault.InvalidInput || e.Name == fault.Conflict) {
		return nil // it cannot be retried, or another caller does
	}
	return err
}

// create makes the run of a child that has none.
func (f *Backfiller) create(ctx context.Context, b backfill.Backfill, c backfill.Child, requestedAt time.Time) error {
	values, err := b.Values(c)
	if err != nil {
		return err
	}
	lowest := 0
	request := RunRequest{
		Pipeline: b.Request.Pipeline, Params: values, Values: b.Request.Params, Logical: c.Planned(), Priority: &lowest, RequestedAt: requestedAt,
		Trigger: run.Trigger{Kind: run.ByBackfill, Schedule: scheduleOf(b, c)}, Dated: true, Due: true,
	}
	made, err := request.NewRuns(ctx, f.Settings, f.Pipelines, f.Users, f.Engines)
	if IsInvalid(err) { // recorded with the date, so that the others go on
		made, err = []NewRun{request.rejected(err, nil)}, nil
	}
	if err != nil {
		return err
	}
	for _, w := range made {
		w.Run.Backfill, w.Run.Parallel = b.ID, b.Request.Parallel
		if chunk := b.Request.Chunk.Std(); chunk > 0 {
			w.Run.IntervalStart, w.Run.IntervalEnd = c.Planned(), c.Planned().Add(chunk)
		}
		if _, _, err := f.Runs.Create(ctx, w.Run, w.Spec); err != nil && !run.IsRefused(err) {
			return err
		}
	}
	return nil
}

func scheduleOf(b backfill.Backfill, c backfill.Child) string {
	if s := b.Schedules[c.Schedule]; s.Cron != "" {
		return s.String()
	}
	return ""
}
