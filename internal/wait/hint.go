package wait

import (
	"context"
	"errors"
	"slices"

	"ephemr/internal/engine"
	"ephemr/internal/run"
)

// Hint looks at the run that an event is about.
func (k *Waker) Hint(ctx context.Context, h engine.Hint) error {
	if h.Noted {
		return k.coalesce(ctx, h)
	}
	rec, err := k.Runs.Load(ctx, h.RunID)
	if err == nil && rec.Waiter == nil && matters(rec, h.Kinds) {
		if err = k.Runs.Hinted(ctx, rec.Run); err == nil {
			rec, err = k.Runs.Load(ctx, h.RunID) // it may have registered in between
		}
	}
	if err != nil || rec.Waiter == nil || len(h.Kinds) > 0 && !slices.Contains(h.Kinds, rec.Waiter.Kind) {
		return err
	}
	_, err = k.wake(ctx, rec, engine.View{})
	return err
}

// matters reports whether an event matters to what rec will wait for next. Its
// cluster is news only until it is ready.
func matters(rec *run.Record, kinds []string) bool {
	c := rec.Cluster()
	return !slices.Contains(kinds, run.ForCluster) || c == nil || c.State != run.ClusterReady
}

// mostLooks bounds how often one event looks for those that come meanwhile. The next
// event or tick finds what is left.
const mostLooks = 10

// coalesce looks at a run for all events that are recorded: while one look is at
// work, at most one more is pending, which the same invocation does. Without a
// waiter there is nothing to do: the next one is checked when it is registered.
func (k *Waker) coalesce(ctx context.Context, h engine.Hint) error {
	by := run.NewNonce()
	mine, err := k.Runs.BeginLook(ctx, h.RunID, by, h.Kinds)
	if err != nil || !mine {
		return err
	}
	for n := 1; ; n++ {
		rec, err := k.Runs.Load(ctx, h.RunID)
		answered := false
		if err == nil {
			answered, err = k.wake(ctx, rec, engine.View{Noted: true})
		}
		if answered && err == nil {
			return nil // the waiter is gone, and the look with it
		}
		again, endErr := k.Runs.EndLook(ctx, h.RunID, by, err != nil || n == mostLooks)
		if err = errors.Join(err, endErr); err != nil || !again {
			return err
		}
	}
}
