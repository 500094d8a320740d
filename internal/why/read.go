package why

import (
	"context"
	"reflect"
	"slices"
	"time"

	"ephemr/internal/admission"
	"ephemr/internal/backfill"
	"ephemr/internal/emr/pool"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// RunReader reads runs.
type RunReader interface {
	Load(ctx context.Context, id string) (*run.Record, error)
	Peek(ctx context.Context, id string) (*run.Run, error)
	List(ctx context.Context, q run.Query) ([]run.Run, error)
	Teams(ctx context.Context) ([]string, error)
	Waiting(ctx context.Context, team string) (bool, error)
	Ahead(ctx context.Context, r run.Run, most int) (int, error)
}

// SlotReader reads which executions hold slots.
type SlotReader interface {
	Holders(ctx context.Context, key records.Key) ([]string, error)
}

// BackfillReader reads backfills.
type BackfillReader interface {
	Load(ctx context.Context, id string) (*backfill.Backfill, error)
}

// PoolReader reads the clusters of pools.
type PoolReader interface {
	Clusters(ctx context.Context, id pool.ID) ([]pool.Cluster, error)
}

// BudgetReader reads the call budget.
type BudgetReader interface {
	Empty(ctx context.Context, api string) (bucket string, wait time.Duration, err error)
}

// Reader reads the facts about runs. It writes nothing.
type Reader struct {
	Limits    stage.Limits
	Runs      RunReader
	Slots     SlotReader
	Backfills BackfillReader
	Pools     PoolReader
	Budget    BudgetReader
	// Missing returns those of the addresses at which there is no object; nil, or an
	// error, says that it cannot be determined.
	Missing func(ctx context.Context, uris []string) ([]string, error)
}

// tries is how often changing records are read again.
const tries = 5

// Of says why a run does not run.
func (r *Reader) Of(ctx context.Context, id string) (Answer, error) {
	return r.explain(ctx, id, r.extras)
}

// Short is Of without what needs more records: who holds slots and until when, what is
// before in the queue, and earlier runs.
func (r *Reader) Short(ctx context.Context, id string) (Answer, error) {
	return r.explain(ctx, id, r.budget)
}

func (r *Reader) explain(ctx context.Context, id string, more func(context.Context, *Facts) error) (Answer, error) {
	found, stable, err := r.stable(ctx, id)
	if err != nil {
		return Answer{}, err
	}
	f := Facts{Records: found, Now: time.Now(), Limits: r.Limits}
	if err := more(ctx, &f); err != nil {
		return Answer{}, err
	}
	a := Explain(f)
	a.Changing = !stable
	return a, nil
}

// stable reads the records until two readings are equal: then there was a moment between
// them at which all of it was the case.
func (r *Reader) stable(ctx context.Context, id string) (Records, bool, error) {
	before, err := r.records(ctx, id)
	for range tries {
		if err != nil || before.Run.Run.State.Final() {
			return before, true, err
		}
		var after Records
		after, err = r.records(ctx, id)
		if err == nil && reflect.DeepEqual(before, after) {
			return after, true, nil
		}
		before = after
	}
	return before, false, err
}

// records reads what decides the cause. All reads are consistent.
func (r *Reader) records(ctx context.Context, id string) (all Records, err error) {
	if all.Run, err = r.Runs.Load(ctx, id); err != nil || all.Run.Run.State != run.Queued {
		return all, err
	}
	q := all.Run.Run
	if q.After != "" {
		if all.Before, err = r.Runs.Peek(ctx, q.After); err != nil {
			return all, err
		}
	}
	if q.Backfill != "" {
		b, err := r.Backfills.Load(ctx, q.Backfill)
		if err != nil {
			return all, err
		}
		all.Backfill = &Progress{State: b.State, Reason: b.Reason}
	}
	for _, l := range admission.LimitsOf(r.Limits, q) {
		holders, err := r.Slots.Holders(ctx, l.Key)
		if err != nil {
			return all, err
		}
		all.Slots = append(all.Slots, Slots{Key: l.Key, Max: l.Max, Holders: slices.Sorted(slices.Values(holders))})
	}
	return all, nil
}
