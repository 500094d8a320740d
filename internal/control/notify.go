package control

import (
	"time"

	"ephemr/events"
	"ephemr/internal/outbox"
)

// lineageTimeout is for one event: a tick tries one event of a server that does not answer.
const lineageTimeout = 10 * time.Second

// Notify sends the notices of runs.
func (w *Wiring) Notify() Handler[events.Envelope, outbox.Output] {
	return (&outbox.Worker{
		Store: w.notices(),
		Sender: &outbox.Sender{Settings: w.settings, Topic: w.clients.topic(), Bus: w.clients.bus(), Lineage: &outbox.Lineage{
			Settings: w.settings, S3: w.clients.s3(), Secrets: w.clients.secretValues(), Client: outbox.NewClient(lineageTimeout), DataZone: w.clients.dataZone(),
		}},
		Runs: w.runs(),
	}).Handle
}

// notices are what functions record for Notify.
func (w *Wiring) notices() *outbox.Store {
	return &outbox.Store{DB: w.clients.db(), Table: w.settings.RunsTable}
}
