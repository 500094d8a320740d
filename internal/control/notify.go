package control

import (
	"ephemr/events"
	"ephemr/internal/outbox"
)

// Notify sends the notices of runs.
func (w *Wiring) Notify() Handler[events.Envelope, outbox.Output] {
	return (&outbox.Worker{
		Store:  w.notices(),
		Sender: &outbox.Sender{Settings: w.settings, Topic: w.clients.topic(), Bus: w.clients.bus()},
		Runs:   w.runs(),
	}).Handle
}

// notices are what functions record for Notify.
func (w *Wiring) notices() *outbox.Store {
	return &outbox.Store{DB: w.clients.db(), Table: w.settings.RunsTable}
}
