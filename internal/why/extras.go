package why

import (
	"context"
	"slices"
	"time"

	"ephemr/internal/emr/pool"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// extras reads what is reported besides the cause.
func (r *Reader) extras(ctx context.Context, f *Facts) error {
	f.Usual, f.Holding = map[string]Usual{}, map[string]*run.Run{}
	switch q := f.Run.Run; {
	case q.State.Final():
		return nil
	case q.State == run.Queued:
		return r.ofQueued(ctx, f)
	}
	if err := r.budget(ctx, f); err != nil {
		return err
	}
	return r.ofActive(ctx, f)
}

// budget reads the bucket of the call that is due.
func (r *Reader) budget(ctx context.Context, f *Facts) (err error) {
	if api := f.due(); api != "" && r.Budget != nil {
		f.Bucket, f.Refill, err = r.Budget.Empty(ctx, api)
	}
	return err
}

// ofQueued reads who is before a queued run.
func (r *Reader) ofQueued(ctx context.Context, f *Facts) error {
	q := f.Run.Run
	if past(*f) != nil {
		if f.Before != nil && !f.Before.State.Final() {
			return r.usual(ctx, f, f.Before.Pipeline)
		}
		return nil
	}
	for _, s := range f.full() {
		for _, name := range s.Holders[:min(len(s.Holders), mostHolders)] {
			if err := r.holder(ctx, f, name); err != nil {
				return err
			}
		}
	}
	return r.ahead(ctx, f, q)
}

// holder reads a run that holds a slot, and how long runs of its pipeline take.
func (r *Reader) holder(ctx context.Context, f *Facts, execution string) error {
	id, _ := run.OfExecution(execution)
	if _, known := f.Holding[id]; known {
		return nil
	}
	held, err := r.Runs.Peek(ctx, id)
	if err != nil || held == nil {
		return err
	}
	f.Holding[id] = held
	return r.usual(ctx, f, held.Pipeline)
}

// mostAhead is how many runs before another in the queue are counted.
const mostAhead = 1000

func (r *Reader) ahead(ctx context.Context, f *Facts, q run.Run) error {
	n, err := r.Runs.Ahead(ctx, q, mostAhead)
	if err != nil {
		return err
	}
	own, err := r.Slots.Holders(ctx, records.TeamSlotsKey(q.TeamName()))
	if err != nil {
		return err
	}
	f.Ahead = &Ahead{Team: n, OrMore: n >= mostAhead, OfTeam: len(own), Backfill: q.Backfill != ""}
	teams, err := r.Runs.Teams(ctx)
	for _, team := range teams {
		if team != q.TeamName() && err == nil {
			err = r.team(ctx, f.Ahead, team)
		}
	}
	return err
}

// team adds a team that is served before the run's own.
func (r *Reader) team(ctx context.Context, a *Ahead, team string) error {
	holders, err := r.Slots.Holders(ctx, records.TeamSlotsKey(team))
	if err != nil || len(holders) >= a.OfTeam {
		return err
	}
	waits, err := r.Runs.Waiting(ctx, team)
	if waits {
		a.Teams = append(a.Teams, Active{Team: team, Active: len(holders)})
	}
	return err
}

// ofActive reads what a run that has started waits for.
func (r *Reader) ofActive(ctx context.Context, f *Facts) error {
	if w := f.waiter(); w != nil && w.Kind == run.ForObjects && r.Missing != nil { // after an error it is not known which are missing
		missing, err := r.Missing(ctx, w.Objects)
		f.Objects, f.Looked = missing, err == nil
		return nil
	}
	if c := f.cluster(); c != nil && c.Pool != "" && !c.Leased && c.ReadyAt.IsZero() {
		all, err := r.Pools.Clusters(ctx, pool.ID{Team: f.Run.Run.PoolOwner(), Name: c.Pool})
		if err != nil {
			return err
		}
		f.Pool = all
	}
	return r.usual(ctx, f, f.Run.Run.Pipeline)
}

const (
	newest  = 100 // runs of a pipeline that are read to find those that succeeded
	sample  = 10  // of these
	started = 5   // of these, whose clusters are looked at
)

// usual reads how long the last runs of a pipeline took and, if it is the run's own, how
// long their clusters took to start.
func (r *Reader) usual(ctx context.Context, f *Facts, pipeline string) error {
	if _, known := f.Usual[pipeline]; known {
		return nil
	}
	all, err := r.Runs.List(ctx, run.Query{Pipeline: pipeline, Limit: newest})
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(x run.Run) bool { return x.State != run.Succeeded || x.NothingToDo || x.AdmittedAt.IsZero() })
	all = all[:min(len(all), sample)]
	var took []time.Duration
	for _, x := range all {
		took = append(took, x.EndedAt.Sub(x.AdmittedAt))
	}
	f.Usual[pipeline] = median(took)
	if w := f.waiter(); w == nil || w.Kind != run.ForCluster || pipeline != f.Run.Run.Pipeline {
		return nil
	}
	return r.start(ctx, f, all[:min(len(all), started)])
}

func (r *Reader) start(ctx context.Context, f *Facts, runs []run.Run) error {
	var took []time.Duration
	for _, x := range runs {
		rec, err := r.Runs.Load(ctx, x.ID)
		if run.IsUnknown(err) { // it has expired
			continue
		}
		if err != nil {
			return err
		}
		for _, c := range rec.Clusters {
			if !c.Leased && !c.ReadyAt.IsZero() {
				took = append(took, c.ReadyAt.Sub(c.CreatedAt))
			}
		}
	}
	f.Start = median(took)
	return nil
}

// median of durations.
func median(all []time.Duration) Usual {
	if len(all) == 0 {
		return Usual{}
	}
	slices.Sort(all)
	return Usual{Takes: all[len(all)/2], Of: len(all)}
}
