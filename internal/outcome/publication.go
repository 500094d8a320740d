package outcome

import (
	"context"
	"slices"

	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// settlePublication returns rec with a publication that is not pending: whether readers
// see the data decides whether the run has succeeded.
func (f *Finisher) settlePublication(ctx context.Context, rec *run.Record) (*run.Record, error) {
	switch {
	case !rec.Run.Publication.Pending():
		return rec, nil
	case f.Publications == nil:
		return nil, fault.New(fault.Throttled, "finish run %s: it is publishing its data", rec.Run.ID)
	}
	return f.Publications.Settle(ctx, rec)
}

// unpublished says where the data is that a run was to publish and has not, or nil.
func (f *Finisher) unpublished(rec *run.Record, o run.Outcome) *run.Publication {
	if o.State == run.Succeeded || rec.Spec == nil || rec.Spec.Publish == nil || !slices.ContainsFunc(rec.Jobs, func(j run.Job) bool { return j.Attempt > 0 }) {
		return nil
	}
	location, err := rec.Spec.RenderLocation(rec.Context(f.Settings))
	if err != nil {
		return nil // then the jobs had none
	}
	return &run.Publication{State: run.Unpublished, Table: rec.Spec.Publish.Table, Location: location}
}
