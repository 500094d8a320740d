package backfill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ephemr/internal/fault"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// Maker makes the run of a child with a version of its pipeline, by intake's rules for
// requests.
type Maker func(ctx context.Context, b Backfill, v register.Version, c Child, requestedAt time.Time) error

// Canceller cancels active runs.
type Canceller interface {
	CancelRun(ctx context.Context, id, why string) error
}

// Worker does what backfills have left to do: it records runs, cancels them, and notices
// the end. It can be repeated at any time; each call does bounded work.
type Worker struct {
	Store     *Store
	Runs      *store.Runs
	Pipelines Pipelines
	Make      Maker
	Cancels   Canceller
	Wake      func(ctx context.Context, id string) error // continues in another invocation
	Admit     func(ctx context.Context, ids ...string)   // requests a pass of admission
}

const (
	atATime   = 16  // concurrent writes
	mostACall = 500 // children that a call records: a backfill takes fewer calls than Lambda sees as a loop
	mostIDs   = 50  // runs that a request for a pass names: those that may start at once
	// Late is how long after a cancellation a run may still be recorded, by an invocation
	// that has read the backfill before: longer than an invocation lasts.
	Late = 2 * time.Minute
)

// Tick works on all backfills with something left to do, in case a call was lost.
func (w *Worker) Tick(ctx context.Context) error {
	ids, err := w.Store.Open(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, fault.Safely(func() error { return w.Work(ctx, id) }))
	}
	return errors.Join(errs...)
}

// Work works on a backfill.
func (w *Worker) Work(ctx context.Context, id string) error {
	b, err := w.Store.Load(ctx, id)
	if err != nil {
		return err
	}
	return w.work(ctx, *b)
}

func (w *Worker) work(ctx context.Context, b Backfill) error {
	switch {
	case b.State == Cancelled:
		return w.cancel(ctx, b)
	case b.Final():
		return nil
	case b.Recorded < len(b.Children):
		return w.record(ctx, b)
	case b.Request.MaxCost > 0 && b.State == Running:
		if err := w.cost(ctx, b); err != nil {
			return err
		}
	}
	return w.end(ctx, b)
}

// record makes the next runs, unless the pipeline has been deleted: then it cancels b.
func (w *Worker) record(ctx context.Context, b Backfill) error {
	v, err := w.Pipelines.Current(ctx, b.Request.Pipeline)
	if err != nil {
		return err
	}
	if v == nil {
		if _, err := w.Store.Change(ctx, b, Cancelled, "pipeline "+b.Request.Pipeline+" has been deleted", time.Now()); err != nil {
			return err
		}
		return w.Wake(ctx, b.ID)
	}
	next := b.Children[b.Recorded:min(len(b.Children), b.Recorded+mostACall)]
	err = each(ctx, next, func(i int, c Child) error {
		return w.Make(ctx, b, *v, c, b.CreatedAt.Add(time.Duration(b.Recorded+i)*time.Microsecond)) // in the order of the plan
	})
	if err != nil {
		return fmt.Errorf("record runs of backfill %s: %w", b.ID, err)
	}
	if err := w.admit(ctx, b, next); err != nil {
		return err
	}
	done := b.Recorded + len(next)
	if err := w.Store.Advance(ctx, b, done); err != nil {
		return err
	}
	slog.InfoContext(ctx, "backfill recorded", "backfill", b.ID, "recorded", done, "total", len(b.Children))
	if done < len(b.Children) {
		return w.Wake(ctx, b.ID)
	}
	return nil
}

// admit requests a pass of admission. It names the runs that may start at once: the index
// may not have them yet.
func (w *Worker) admit(ctx context.Context, b Backfill, made []Child) error {
	var ids []string
	for _, c := range made[:min(len(made), mostIDs, max(b.Request.Parallel-b.Recorded, 0))] {
		id, err := b.RunID(c)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if b.State == Running {
		w.Admit(ctx, ids...)
	}
	return nil
}

// cancel cancels the runs of a cancelled backfill, and records when none is active and
// none is recorded any more.
func (w *Worker) cancel(ctx context.Context, b Backfill) error {
	var mu sync.Mutex
	active := 0
	err := each(ctx, b.Children, func(_ int, c Child) error {
		r, err := w.child(ctx, b, c)
		if err != nil || r == nil || r.State.Final() {
			return err
		}
		mu.Lock()
		active++
		mu.Unlock()
		why := "backfill " + b.ID + " is cancelled"
		if r.State == run.Queued && r.Restarts == 0 {
			return w.Runs.Withdraw(ctx, *r, why, time.Now())
		}
		return w.Cancels.CancelRun(ctx, r.ID, why)
	})
	if err != nil || active > 0 || time.Since(b.EndedAt) < Late {
		return err
	}
	return w.Store.Settle(ctx, b)
}

// child is the run of c if b has made or retried it, or nil.
func (w *Worker) child(ctx context.Context, b Backfill, c Child) (*run.Run, error) {
	id, err := b.RunID(c)
	if err != nil {
		return nil, err
	}
	r, err := w.Runs.Peek(ctx, id)
	if r == nil || r.Backfill != b.ID {
		return nil, err
	}
	return r, nil
}

// end ends b when all of its runs have. The last are looked at first: they end last.
func (w *Worker) end(ctx context.Context, b Backfill) error {
	for i := len(b.Children) - 1; i >= 0; i-- {
		r, err := w.child(ctx, b, b.Children[i])
		if err != nil || r != nil && !r.State.Final() {
			return err
		}
	}
	_, err := w.Store.Change(ctx, b, Ended, "", time.Now())
	return err
}

// cost pauses b when its runs have cost too much.
func (w *Worker) cost(ctx context.Context, b Backfill) error {
	usd := 0.0
	err := w.Runs.Dated(ctx, b.Request.Pipeline, b.Request.From, b.Request.To, func(r run.Run) error {
		if r.Backfill == b.ID {
			usd += r.CostUSD
		}
		return nil
	})
	if err != nil || usd < b.Request.MaxCost {
		return err
	}
	_, err = w.Store.Change(ctx, b, Paused, fmt.Sprintf("its runs have cost %.2f USD, and --max-cost is %.2f", usd, b.Request.MaxCost), time.Now())
	return err
}

// each calls do for all, some at a time, and returns the first error.
func each(ctx context.Context, all []Child, do func(int, Child) error) error {
	var g errgroup.Group // without a context: what has begun is to end
	g.SetLimit(atATime)
	for i, c := range all {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(i, c)
		})
	}
	return g.Wait()
}
