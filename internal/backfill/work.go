package backfill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// Maker makes the run of a child: intake's rules for requests apply.
type Maker func(ctx context.Context, b Backfill, c Child, requestedAt time.Time) error

// Canceller cancels active runs.
type Canceller interface {
	CancelRun(ctx context.Context, id, why string) error
}

// Worker does what backfills have left to do: it records runs, cancels them, and notices
// the end. It can be repeated at any time; each call does bounded work.
type Worker struct {
	Store   *Store
	Runs    *store.Runs
	Make    Maker
	Cancels Canceller
	Wake    func(ctx context.Context, id string) error // continues in another invocation
}

const (
	atATime   = 16  // concurrent writes
	mostACall = 500 // children that a call records: a backfill takes fewer calls than Lambda sees as a loop
)

// Tick works on all backfills, in case a call was lost.
func (w *Worker) Tick(ctx context.Context) error {
	all, err := w.Store.List(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, b := range all {
		if !b.Final() || b.State == Cancelled && !b.Settled {
			errs = append(errs, w.work(ctx, b))
		}
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

// record makes the next runs.
func (w *Worker) record(ctx context.Context, b Backfill) error {
	next := b.Children[b.Recorded:min(len(b.Children), b.Recorded+mostACall)]
	err := each(ctx, next, func(i int, c Child) error {
		return w.Make(ctx, b, c, b.CreatedAt.Add(time.Duration(b.Recorded+i)*time.Microsecond)) // in the order of the plan
	})
	if err != nil {
		return fmt.Errorf("record runs of backfill %s: %w", b.ID, err)
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

// cancel cancels the runs of a cancelled backfill, and records when none is active.
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
	if err != nil || active > 0 {
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
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	room := make(chan struct{}, atATime)
	for i, c := range all {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			if errs[i] = ctx.Err(); errs[i] == nil {
				errs[i] = do(i, c)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
