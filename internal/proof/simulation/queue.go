package simulation

import (
	"encoding/json"
	"time"

	"ephemr/events"
	"ephemr/internal/proof/awsfake"
)

// sent delivers what functions send to the events queue to intake, when its delay is
// over. Messages to dead-letter queues stay there.
func (w *World) sent(m awsfake.Message, delay time.Duration) {
	if *m.QueueUrl != w.Settings.EventsQueue {
		return
	}
	w.busy.Go(func() {
		if w.pause(delay + time.Millisecond) {
			w.Deliver("events", *m.MessageBody)
		}
	})
}

// batchTick has a rule send the minute tick to the events queue.
func (w *World) batchTick() {
	w.busy.Go(func() {
		for next := time.Minute - phase/2; w.pause(next); next = time.Minute {
			w.Deliver("events", string(envelope(events.SourceEvents, events.TypeScheduled, json.RawMessage("{}"))))
		}
	})
}
