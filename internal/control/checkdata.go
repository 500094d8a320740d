package control

import (
	"ephemr/internal/checkdata"
	"ephemr/internal/iceberg"
	"ephemr/internal/statistics"
)

// CheckData looks at the data that a run has written.
func (w *Wiring) CheckData() Handler[checkdata.Input, checkdata.Output] {
	return (&checkdata.Checker{
		Settings:   w.settings,
		Runs:       w.runs(),
		Statistics: w.statistics(),
		S3:         w.clients.s3(),
		Catalog:    iceberg.Catalog{Glue: w.clients.glueTables(), Database: w.settings.Database()},
	}).Check
}

// statistics are those of the datasets that runs have written.
func (w *Wiring) statistics() *statistics.Store {
	return &statistics.Store{DB: w.clients.db(), Table: w.settings.RunsTable}
}
