package wait

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"ephemr/events"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// Watch is the watch function: events of the engines' services and the minute
// tick come in, and waiters are woken.
type Watch struct {
	Waker   *Waker
	Engines engine.Set
}

// Input is an event or the tick.
type Input struct {
	events.Envelope
}

// Handle takes the tick, or an event that one of the engines knows as a hint.
// Other events are ignored.
func (w *Watch) Handle(ctx context.Context, e Input) (struct{}, error) {
	if e.DetailType == events.TypeScheduled {
		return struct{}{}, w.Tick(ctx)
	}
	for _, x := range w.Engines.All() {
		l, ok := x.(engine.Listener)
		if !ok {
			continue
		}
		hints, after, known, err := l.Hints(ctx, e.Envelope)
		if known || err != nil {
			return struct{}{}, errors.Join(err, w.hinted(ctx, hints, after))
		}
	}
	slog.DebugContext(ctx, "event ignored", "source", e.Source, "detailType", e.DetailType, "eventId", e.ID)
	return struct{}{}, nil
}

// hinted wakes the runs that an event is about.
func (w *Watch) hinted(ctx context.Context, hints []engine.Hint, after func(context.Context)) error {
	var errs []error
	for _, h := range hints {
		err := fault.Safely(func() error { return w.Waker.Hint(ctx, h) })
		if run.IsUnknown(err) {
			slog.InfoContext(ctx, "event names a run that is not known", "runId", h.RunID)
			continue
		}
		errs = append(errs, unlessThrottled(ctx, h.RunID, err))
	}
	if after != nil {
		after(ctx)
	}
	return errors.Join(errs...)
}

// Tick wakes every waiter for which something may have happened without an event:
// one walk through the waiters and one through the capacity, however many runs
// there are. When the engine is throttled it ends: the next tick continues.
func (w *Watch) Tick(ctx context.Context) error {
	var waiters []run.Waiter
	if err := w.Waker.Runs.Waiters(ctx, func(x run.Waiter) error {
		waiters = append(waiters, x)
		return nil
	}); err != nil {
		return err
	}
	if len(waiters) == 0 {
		return nil
	}
	live, err := w.live(ctx, waiters)
	errs := []error{err} // deadlines and cancellations do not depend on the list
	for _, x := range inOrder(waiters, live.seen, time.Now()) {
		x.Shared = x.Shared && live.shared(ctx, x)
		check := func() error { return w.Waker.Wake(ctx, x.RunID, engine.View{Seen: live.seen[x.ClusterID]}) }
		if !due(x, live.seen[x.ClusterID]) {
			if !x.Limited {
				continue
			}
			check = func() error { return w.Waker.Bound(ctx, x.RunID) }
		}
		err := fault.Safely(check)
		if fault.NameOf(err) == fault.Throttled {
			slog.InfoContext(ctx, "engine throttled: stopping this tick", "runId", x.RunID, "reason", err.Error())
			break
		}
		if err != nil {
			slog.ErrorContext(ctx, "run not checked", "runId", x.RunID, "kind", x.Kind, "error", err.Error())
			errs = append(errs, err) // the others are not affected
		}
	}
	return errors.Join(errs...)
}

// live is the capacity of all runs, as the tick sees it.
type live struct {
	seen map[string]*engine.Capacity // by id
	of   map[string]engine.Engine    // by capacity
}

// live lists the capacity that runs may wait for, once for all of them. With an error
// the list is incomplete: what is missing is checked run by run.
func (w *Watch) live(ctx context.Context, waiters []run.Waiter) (live, error) {
	oldest := time.Now()
	var wanted []string
	for _, x := range waiters {
		if x.Since.Before(oldest) {
			oldest = x.Since
		}
		if x.ClusterID != "" {
			wanted = append(wanted, x.ClusterID)
		}
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	l := live{seen: map[string]*engine.Capacity{}, of: map[string]engine.Engine{}}
	var errs []error
	for _, e := range w.Engines.All() {
		for c, err := range e.Live(ctx, wanted, oldest) {
			if fault.NameOf(err) == fault.Throttled {
				slog.InfoContext(ctx, "engine throttled: capacity list is incomplete in this tick", "seen", len(l.seen), "reason", err.Error())
				break
			}
			if err != nil {
				slog.ErrorContext(ctx, "capacity list is incomplete in this tick", "seen", len(l.seen), "error", err.Error())
				errs = append(errs, err)
				break
			}
			l.seen[c.ID], l.of[c.ID] = &c, e
		}
	}
	return l, errors.Join(errs...)
}

// shared reports whether other runs use x's capacity right now.
func (l live) shared(ctx context.Context, x run.Waiter) bool {
	e := l.of[x.ClusterID]
	return e == nil || e.Shared(ctx, x.ClusterID, x.RunID)
}

// inOrder sorts waiters that need no call of their own first, then those whose
// capacity is not at work any more, and last those whose capacity was not seen.
// They come in another order at every tick, so that those that are left when the call budget ends differ every minute.
func inOrder(waiters []run.Waiter, seen map[string]*engine.Capacity, now time.Time) []run.Waiter {
	rank := func(x run.Waiter) int {
		s := seen[x.ClusterID]
		switch {
		case x.Kind == run.ForAdmission, x.Kind == run.ForObjects, x.Kind == run.ForApproval, x.Kind == run.ForCluster && s != nil:
			return 0
		case s == nil:
			return 3
		case s.State != engine.Busy:
			return 1
		}
		return 2
	}
	slices.SortFunc(waiters, func(a, b run.Waiter) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(run.Turn(a.RunID, now), run.Turn(b.RunID, now)))
	})
	return waiters
}

// due reports whether to check x. While a single step runs, a busy capacity says
// that it still does, so the step need not be asked for, unless the capacity may
// be busy for another run. Capacity that was not seen has ended, is changing just
// now, or the list ended early.
func due(x run.Waiter, seen *engine.Capacity) bool {
	switch {
	case time.Now().After(x.Deadline):
		return true
	case x.Kind == run.ForAdmission:
		return false
	case delayed(x):
		return time.Now().After(x.CheckAt)
	case seen == nil:
		return true
	case seen.State == engine.Starting:
		return !x.CheckAt.IsZero() && time.Now().After(x.CheckAt)
	case seen.State == engine.Busy:
		return !onlyStep(x)
	}
	return true
}

// delayed reports whether only the time of the next attempt decides when to check x: an
// attempt is due, or all of them are delayed and there is nothing else to look at.
func delayed(x run.Waiter) bool {
	return x.Kind == run.ForSteps && !x.CheckAt.IsZero() && (time.Now().After(x.CheckAt) || len(x.Attempts) == 0)
}

// onlyStep reports whether x waits for the only step that its capacity can be busy with.
func onlyStep(x run.Waiter) bool {
	return x.Kind == run.ForSteps && len(x.Attempts) == 1 && !x.Shared
}
