package localemr

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	eventBatch   = 10 // of one PutEvents
	eventTimeout = 5 * time.Second
)

// eventQueue sends events in order from one goroutine, so that state changes do
// not wait for EventBridge.
type eventQueue struct {
	api    EventAPI
	source string
	faults *faultList
	log    *slog.Logger
	done   chan struct{}
	wake   chan struct{}

	mu      sync.Mutex
	waiting []types.PutEventsRequestEntry
	held    []types.PutEventsRequestEntry // by eventReordered, until the next event
}

func startEvents(ctx context.Context, cfg Config, faults *faultList) *eventQueue {
	q := &eventQueue{
		api: cfg.Events, source: cfg.EventSource, faults: faults, log: cfg.Logger,
		done: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	go q.run(ctx)
	return q
}

// close waits for the goroutine, which ends with the server's context.
func (q *eventQueue) close() { <-q.done }

// add queues an event about c, unless a fault drops, doubles or delays it.
func (q *eventQueue) add(detailType string, c *record, state string, detail any) {
	if q.api == nil {
		return
	}
	b, err := json.Marshal(detail)
	if err != nil {
		q.log.Error("encode event", "error", err)
		return
	}
	entry := types.PutEventsRequestEntry{
		Source: &q.source, DetailType: &detailType, Detail: new(string(b)), Time: new(time.Now()),
	}
	attrs := map[string]string{"event": detailType, "state": state, "cluster": c.Cluster.Name}
	if f := q.faults.take(kindEventDelayed, attrs); f != nil {
		time.AfterFunc(time.Duration(f.Delay), func() { q.push(entry) })
		return
	}
	switch {
	case q.faults.take(kindEventLost, attrs) != nil:
	case q.faults.take(kindEventDoubled, attrs) != nil:
		q.push(entry, entry)
	case q.faults.take(kindEventReordered, attrs) != nil:
		q.hold(entry)
	default:
		q.push(entry)
	}
}

func (q *eventQueue) push(entries ...types.PutEventsRequestEntry) {
	q.mu.Lock()
	q.waiting = append(append(q.waiting, entries...), q.held...)
	q.held = nil
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// hold delays an entry until another one was sent, or for reorderedHoldTime.
func (q *eventQueue) hold(entry types.PutEventsRequestEntry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = append(q.held, entry)
	time.AfterFunc(reorderedHoldTime, func() { q.push() })
}

func (q *eventQueue) next() []types.PutEventsRequestEntry {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), eventBatch)
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	return batch
}

func (q *eventQueue) run(ctx context.Context) {
	defer close(q.done)
	for {
		for batch := q.next(); len(batch) > 0; batch = q.next() {
			q.send(ctx, batch)
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			return
		}
	}
}

// send is best effort, like EMR's events.
func (q *eventQueue) send(ctx context.Context, batch []types.PutEventsRequestEntry) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	out, err := q.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: batch})
	switch {
	case err != nil:
		q.log.WarnContext(ctx, "put events", "error", err)
	case out.FailedEntryCount > 0:
		q.log.WarnContext(ctx, "put events", "refused", out.FailedEntryCount)
	}
}
