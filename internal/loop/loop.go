// Package loop keeps a pipeline from being started by what its own runs write. S3 does
// not report who wrote an object. What is known is the records of the runs: when their
// jobs were at work, and which addresses they were given.
//
// Tested by internal/intake.
package loop

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Guard decides whether runs start that objects have requested.
type Guard struct {
	Settings stage.Settings
	Runs     *store.Runs
}

// maxWriters is how many runs are considered that were at work when objects of a run were
// created. Of more, nothing is concluded.
const maxWriters = 20

// Check returns the chain of the run, nil if it follows from no other, and an error if
// the run is not to start: a run of the same pipeline wrote its objects, or the chain is
// longer than the pipeline permits. What a person has requested is not checked.
func (g *Guard) Check(ctx context.Context, rec *run.Record) (*run.Chain, error) {
	times := created(rec.Run)
	if len(times) == 0 || rec.Run.Restarts > 0 {
		return nil, nil //nolint:nilnil // it follows from no run
	}
	writers, all, err := g.writers(ctx, rec.Run, times)
	if err != nil {
		return nil, err
	}
	if err := g.written(rec, writers, times); err != nil || !all {
		return nil, err
	}
	chain := shortest(writers, times)
	if most := rec.Spec.Limits.Chain(); chain != nil && chain.Length > most {
		return nil, fault.New(fault.InvalidInput, "this may be a loop: %d runs of pipeline %s in succession, from %s to %s, were each followed by one whose object was created while it was at work. "+
			"If its jobs write below the prefix of its trigger, let them write elsewhere, or add their output to exclude of the trigger. If another program wrote the object, use ephemr redo %s; limits.maxChain permits more",
			chain.Length, rec.Run.Pipeline, chain.First, chain.Former, rec.Run.ID)
	}
	return chain, nil
}

// created returns when the objects of a run were created, of a batch the oldest and the
// newest. There are none if events of S3 have not requested it.
func created(r run.Run) []time.Time {
	switch t := r.Trigger; {
	case t.Kind != run.ByS3 || t.RedoOf != "":
		return nil
	case t.Batch == "":
		return []time.Time{r.LogicalTime}
	case t.Oldest.IsZero():
		return nil // of an earlier version
	default:
		return []time.Time{t.Oldest, t.Newest}
	}
}

// writer is a run whose jobs were at work.
type writer struct {
	*run.Record

	from, until time.Time
}

func (w writer) during(t time.Time) bool { return !t.Before(w.from) && !t.After(w.until) }

// writers returns the runs of the same pipeline whose jobs were at work at one of the
// times; all is false if there may be others.
func (g *Guard) writers(ctx context.Context, r run.Run, times []time.Time) (found []writer, all bool, _ error) {
	running, err := g.Runs.List(ctx, run.Query{Pipeline: r.Pipeline, State: run.Running, Limit: 5 * maxWriters})
	if err != nil {
		return nil, false, err
	}
	before, err := g.Runs.Before(ctx, r.Pipeline, times[len(times)-1], 5*maxWriters)
	if err != nil {
		return nil, false, err
	}
	candidates := slices.DeleteFunc(append(running, before...), func(x run.Run) bool { return x.ID == r.ID || !overlaps(x, times) })
	slices.SortFunc(candidates, func(a, b run.Run) int { return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(a.ID, b.ID)) })
	candidates = slices.CompactFunc(candidates, func(a, b run.Run) bool { return a.ID == b.ID })
	all = len(candidates) <= maxWriters
	for _, x := range candidates[:min(len(candidates), maxWriters)] {
		rec, err := g.Runs.Load(ctx, x.ID)
		if err != nil {
			return nil, false, err
		}
		if w := atWork(rec); slices.ContainsFunc(times, w.during) {
			found = append(found, w)
		}
	}
	return found, all, nil
}

// resolution is that of the times in S3's events.
const resolution = time.Second

// overlaps reports whether r was RUNNING at one of the times.
func overlaps(r run.Run, times []time.Time) bool {
	return !r.StartedAt.IsZero() && slices.ContainsFunc(times, func(t time.Time) bool {
		return !t.Before(r.StartedAt.Truncate(resolution)) && (r.EndedAt.IsZero() || !t.After(r.EndedAt))
	})
}

// atWork returns when the jobs of a run can have written: from the time its first cluster
// was ready. Until then a run only waits.
func atWork(rec *run.Record) writer {
	w := writer{Record: rec}
	for _, c := range rec.Clusters {
		if !c.ReadyAt.IsZero() && (w.from.IsZero() || c.ReadyAt.Before(w.from)) {
			w.from = c.ReadyAt
		}
	}
	if w.from.IsZero() {
		return w
	}
	if began := rec.Began(); w.from.Before(began) { // the cluster was there before
		w.from = began
	}
	w.from = w.from.Truncate(resolution)
	if !rec.Run.State.Final() {
		w.until = time.Now()
		return w
	}
	for _, j := range rec.Jobs {
		if j.EndedAt.After(w.until) {
			w.until = j.EndedAt
		}
	}
	return w
}

// shortest returns the shortest chain that explains the times, nil if one of them is
// explained by no run: then the pipeline has other sources.
func shortest(writers []writer, times []time.Time) (found *run.Chain) {
	for _, t := range times {
		at := slices.DeleteFunc(slices.Clone(writers), func(w writer) bool { return !w.during(t) })
		if len(at) == 0 {
			return nil
		}
		for _, w := range at {
			if c := w.Run.Chain.Next(w.Run.ID); found == nil || c.Length < found.Length {
				found = c
			}
		}
	}
	return found
}
