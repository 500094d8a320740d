// Package outbox sends messages about runs so that none is lost, few are sent twice, and
// many failures become few messages. What a message is to say is recorded in the
// transaction that records the end of its run; the function notify collects it by
// pipeline and class, and sends it.
package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"ephemr/events"
	"ephemr/internal/notify"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// Worker is the function notify.
type Worker struct {
	Store  *Store
	Sender *Sender
	Runs   *store.Runs
}

// Output counts what an invocation did.
type Output struct {
	Sent   int `json:"sent"`
	Failed int `json:"failed"`
}

// Handle works on the pipeline of the run that an event says has finished, or on the tick
// on all. What it leaves undone, the next tick does.
func (w *Worker) Handle(ctx context.Context, in events.Envelope) (Output, error) {
	now := time.Now()
	if in.DetailType == events.TypeRunFinished {
		var d events.RunFinished
		if err := json.Unmarshal(in.Detail, &d); err != nil {
			return Output{}, fmt.Errorf("decode event: %w", err)
		}
		messages, err := w.collect(ctx, d.Pipeline, now)
		out, sendErr := w.sendAll(ctx, messages, now)
		return out, errors.Join(err, sendErr)
	}
	errs := []error{w.warn(ctx, now)}
	pipelines, messages := map[string]bool{}, []Outgoing{}
	errs = append(errs, w.Store.Due(ctx, now, func(of string) { pipelines[of] = true }, func(o Outgoing) { messages = append(messages, o) }))
	for _, of := range slices.Sorted(maps.Keys(pipelines)) {
		more, err := w.collect(ctx, of, now)
		messages, errs = append(messages, more...), append(errs, err)
	}
	out, err := w.sendAll(ctx, messages, now)
	return out, errors.Join(append(errs, err)...)
}

// Limits of one transaction, which DynamoDB holds to 100 writes: it takes entries, or
// creates the messages of some threads.
const (
	maxEntries = 90
	maxThreads = 8
	maxPasses  = 1000
)

// collect takes all entries of a pipeline into its threads, and then returns the messages
// that are due.
func (w *Worker) collect(ctx context.Context, of string, now time.Time) (out []Outgoing, _ error) {
	for range maxPasses {
		b, err := w.Store.read(ctx, of, records.NoticesLast, maxEntries)
		if err != nil {
			return out, err
		}
		messages, done, err := w.advance(ctx, b, now)
		switch {
		case err != nil:
			return out, err
		case done:
			return out, w.Store.rest(ctx, b)
		}
		ok, err := w.Store.commit(ctx, b, messages, now)
		if err != nil {
			return out, err
		}
		if ok {
			out = append(out, messages...)
		}
	}
	return out, nil // others are at work on it
}

// advance takes the entries of b, or else the messages that are due. done = there is
// neither.
func (w *Worker) advance(ctx context.Context, b *box, now time.Time) (out []Outgoing, done bool, _ error) {
	if len(b.keys) > 0 || b.more && !b.broken {
		current, err := w.current(ctx, b.entries)
		b.state.Add(current...)
		return nil, false, err
	}
	if due, pending := b.state.Due(b.silences); !pending || due.After(now) {
		return nil, true, nil
	}
	id := func(n int) string { return fmt.Sprintf("%s-%s-%d", w.Sender.Settings.Stage, b.of, n) }
	for _, x := range b.state.Take(id, maxThreads, b.silences, w.Sender.Settings.Notices.Every(), now) {
		for _, o := range w.Sender.outgoing(ctx, b.of, x) {
			o.due = now
			out = append(out, o)
		}
	}
	return out, false, nil
}

// current leaves out warnings of runs that have ended.
func (w *Worker) current(ctx context.Context, all []notify.Entry) (out []notify.Entry, _ error) {
	for _, e := range all {
		over, err := w.outdated(ctx, e.Message)
		if err != nil {
			return nil, err
		}
		if !over {
			out = append(out, e)
		}
	}
	return out, nil
}

func (w *Worker) outdated(ctx context.Context, m notify.Message) (bool, error) {
	if m.Kind != notify.Deadline {
		return false, nil
	}
	rec, err := w.Runs.Load(ctx, m.RunID)
	return err == nil && rec.Run.State.Final(), err
}

// lineageUntil is the time of an invocation that is left when no lineage event is sent any more.
const lineageUntil = 20 * time.Second

// sendAll makes an attempt to send each message, and then each lineage event until one fails:
// the next invocation tries the others.
func (w *Worker) sendAll(ctx context.Context, messages []Outgoing, now time.Time) (out Output, _ error) {
	var errs []error
	slices.SortStableFunc(messages, func(a, b Outgoing) int { return cmp.Compare(len(a.Object), 0) - cmp.Compare(len(b.Object), 0) })
	down := false
	for _, o := range messages {
		if o.Object != "" && (down || soon(ctx, lineageUntil)) {
			continue
		}
		sent, err := w.send(ctx, o, now)
		down = down || err != nil && o.Object != ""
		if sent {
			out.Sent++
		}
		if err != nil {
			out.Failed++
			errs = append(errs, err)
		}
	}
	return out, errors.Join(errs...)
}

func (w *Worker) send(ctx context.Context, o Outgoing, now time.Time) (bool, error) {
	if ok, err := w.Store.claim(ctx, &o, now); err != nil || !ok {
		return false, err
	}
	over, err := w.outdated(ctx, o.Message)
	switch {
	case err != nil:
		return false, errors.Join(err, w.Store.delay(ctx, o, now))
	case over:
		return false, w.Store.end(ctx, o, "outdated", now)
	}
	switch err := w.Sender.send(ctx, o); {
	case refused(err):
		slog.ErrorContext(ctx, "lineage event not delivered: it is in S3 only", "key", o.Object, "attempts", o.attempts, "error", err.Error())
		return false, w.Store.end(ctx, o, "refused", now)
	case err != nil:
		return false, errors.Join(err, w.Store.delay(ctx, o, now))
	case o.Object != "":
		slog.InfoContext(ctx, "lineage event sent", "key", o.Object, "attempts", o.attempts)
		return true, w.Store.end(ctx, o, "sentAt", now)
	}
	slog.InfoContext(ctx, "message sent", "messageId", o.Message.ID, "destination", o.Destination, "kind", string(o.Message.Kind), "pipeline", o.Message.Pipeline, "count", o.Message.Count)
	return true, w.Store.end(ctx, o, "sentAt", now)
}

func refused(err error) bool {
	_, ok := errors.AsType[refusedError](err)
	return ok
}

// soon reports whether an invocation ends within a time.
func soon(ctx context.Context, within time.Duration) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < within
}

// warn posts an entry for each run whose deadline is as near as its pipeline says.
func (w *Worker) warn(ctx context.Context, now time.Time) error {
	var errs []error
	err := w.Runs.InState(ctx, run.Running, func(r run.Run) error {
		if r.WarnBefore > 0 && !r.Warned && !r.Deadline.IsZero() && !now.Before(r.Deadline.Add(-r.WarnBefore)) {
			errs = append(errs, w.warnOf(ctx, r.ID, now))
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

func (w *Worker) warnOf(ctx context.Context, id string, now time.Time) error {
	rec, err := w.Runs.Load(ctx, id)
	if err != nil {
		return err
	}
	post, err := w.Store.Post(notify.OfDeadline(rec, w.Sender.Settings.Stage, now), fmt.Sprintf("%s#%d#deadline", id, rec.Run.Restarts))
	if err != nil {
		return err
	}
	return w.Runs.Warned(ctx, rec.Run, post)
}
