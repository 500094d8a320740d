package cli_test

import (
	"context"
	"testing"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/publications"
	"ephemr/internal/cli/show"
	"ephemr/internal/cli/unpublish"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/operation"
	"ephemr/internal/publish"
	"ephemr/internal/run"
)

type published map[string][]publish.Pointer

func (p published) List(_ context.Context, table string) ([]publish.Pointer, error) {
	return p[table], nil
}

// What was published to a table is listed, with --all also what was published before.
func TestPublications(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	store := published{"ephemr.stores": {
		{Table: "ephemr.stores", Partition: "dt=2026-01-01", Current: &publish.Entry{RunID: "stores-2", Location: "s3://b/2/", At: at}, Earlier: []publish.Entry{{Location: "s3://b/1/"}}},
		{Table: "ephemr.stores", Partition: "dt=2026-01-02", Current: &publish.Entry{RunID: "stores-3", Location: "s3://b/3/", At: at}},
	}}
	w := newWorld(t)
	w.no(publications.Run(t.Context(), publications.Options{Table: "stores"}, w.io, store))
	contains(t, w.out.String(), "dt=2026-01-01", "2026-01-02 03:04:05Z", "stores-2", "s3://b/2/", "stores-3")
	for _, name := range []string{"ephemr.stores", "ephemr_dev.stores"} {
		w = newWorld(t)
		w.no(publications.Run(t.Context(), publications.Options{Table: name, Database: "ephemr_dev"}, w.io, store))
		contains(t, w.out.String(), "stores-3")
	}
	w = newWorld(t)
	w.no(publications.Run(t.Context(), publications.Options{Table: "ephemr.stores", All: true}, w.io, store))
	contains(t, w.out.String(), "s3://b/1/")
	w = newWorld(t)
	w.no(publications.Run(t.Context(), publications.Options{Table: "ephemr.stores", JSON: true}, w.io, store))
	contains(t, w.out.String(), `"partition": "dt=2026-01-01"`, `"earlier": []`, `"location": "s3://b/1/"`)
	w = newWorld(t)
	w.no(publications.Run(t.Context(), publications.Options{Table: "other"}, w.io, store))
	contains(t, w.err.String(), "no run has published to ephemr.other")
}

// A publication is undone by the control function, whose refusal is a usage error.
func TestUnpublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	forced := false
	w.controls(operation.Handler{Unpublish: operation.Of(func(_ context.Context, in publish.UndoRequest) (publish.UndoAnswer, error) {
		forced = in.Force
		if in.RunID != "stores-2" {
			return publish.UndoAnswer{}, fault.New(fault.InvalidInput, "run %s has published nothing", in.RunID)
		}
		return publish.UndoAnswer{RunID: in.RunID, Table: "ephemr.stores", Partition: "dt=1", Location: "s3://b/1/", Restored: "stores-1"}, nil
	})})
	w.no(unpublish.Run(t.Context(), unpublish.Options{RunID: "stores-2"}, w.io, w.settings, w.lambda))
	contains(t, w.out.String(), "ephemr.stores dt=1 points at s3://b/1/ again, of run stores-1\n")
	w.no(unpublish.Run(t.Context(), unpublish.Options{RunID: "stores-2", Force: true}, w.io, w.settings, w.lambda))
	if !forced {
		t.Error("--force was not sent")
	}
	err := unpublish.Run(t.Context(), unpublish.Options{RunID: "x"}, w.io, w.settings, w.lambda)
	if exit.CodeOf(err) != exit.CodeUsage {
		t.Errorf("got %v", err)
	}
}

// A run shows what it has published, and a failed one where its data is.
func TestShowPublication(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	pub := run.Publication{Table: "ephemr.stores", Partition: "dt=1", Location: "s3://b/2/", Previous: "s3://b/1/", By: "stores-3", At: at}
	for state, want := range map[run.PublicationState]string{
		run.Published:   "published  ephemr.stores dt=1 at 2026-01-02 03:04:05Z\n           s3://b/2/\n           s3://b/1/ before\n",
		run.Undone:      "undone     ephemr.stores dt=1 at 2026-01-02 03:04:05Z\n           s3://b/2/\n           s3://b/1/ is what readers see\n",
		run.Superseded:  "superseded ephemr.stores dt=1 was published by run stores-3 before, whose work began later\n",
		run.Unpublished: "data       s3://b/2/, not visible in ephemr.stores\n",
		run.Publishing:  "publishes  ephemr.stores dt=1\n",
	} {
		w := newWorld(t)
		w.made(w.runs.Create(t.Context(), run.Run{ID: "r", Pipeline: "p", State: run.Running, LogicalTime: at}, &twoJobs))
		p := pub
		p.State = state
		w.did(w.runs.Finish(t.Context(), run.Run{ID: "r"}, run.Outcome{State: run.Failed, Class: job.ClassData, Reason: "x", Unpublished: &p}, at, run.Cost{}))
		w.no(show.Run(t.Context(), show.Options{RunID: "r"}, w.io, w.runs))
		contains(t, w.out.String(), want)
	}
}
