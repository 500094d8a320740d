package store

import (
	"cmp"
	"time"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Indexes of the Runs table.
const (
	ByState    = records.ByState
	ByPipeline = records.ByPipeline
)

// keepHistory is how long items outlive their last complete write.
const keepHistory = 400 * 24 * time.Hour

type item = records.Item

// queueOf is the partition of ByState with a team's queued runs.
func queueOf(team string) string { return records.QueuePartition(cmp.Or(team, run.NoTeam)) }

// partition is where r stands in ByState while it has not ended.
func partition(r run.Run) string {
	if r.State == run.Queued {
		return queueOf(r.Team)
	}
	return string(r.State)
}

// order is where r stands in its partition of ByState when it is created or queued
// again.
func order(r run.Run) string {
	if r.State == run.Queued {
		return records.QueueOrder(r.Pipeline, r.Priority, r.RequestedAt, r.ID)
	}
	return records.TimeOrder(r.RequestedAt, r.ID)
}
