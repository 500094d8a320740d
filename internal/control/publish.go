package control

import (
	"ephemr/internal/entry"
	"ephemr/internal/publish"
)

// Publish makes a partition of a table point at the data of a run.
func (w *Wiring) Publish() Handler[publish.Input, publish.Output] { return w.publisher().Publish }

func (w *Wiring) publisher() *publish.Publisher {
	return &publish.Publisher{
		Settings: w.settings,
		Runs:     w.runs(),
		Store:    w.publications(),
		Glue:     w.clients.glue(),
		S3:       w.clients.s3(),
		Settler:  w.settler(),
		Caller:   entry.Caller,
	}
}

// settler settles publications that were begun.
func (w *Wiring) settler() *publish.Settler {
	return &publish.Settler{
		Runs:     w.runs(),
		Store:    w.publications(),
		Glue:     w.clients.glueReader(),
		S3:       w.clients.s3(),
		Database: w.settings.Database(),
		Caller:   entry.Caller,
	}
}

func (w *Wiring) publications() *publish.Store {
	return &publish.Store{DB: w.clients.db(), Table: w.settings.RunsTable}
}
