package store

import (
	"cmp"
	"maps"
	"slices"
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
	switch {
	case r.State == run.Queued && r.After != "":
		return records.Held
	case r.State == run.Queued:
		return queueOf(r.Team)
	}
	return string(r.State)
}

// order is where r stands in its partition of ByState when it is created or queued
// again.
func order(r run.Run) string {
	if partition(r) == records.Held {
		return records.HeldOrder(r.Pipeline, chain(r), r.LogicalTime, r.ID)
	}
	if r.State == run.Queued {
		return queueOrder(r)
	}
	return records.TimeOrder(r.RequestedAt, r.ID)
}

func queueOrder(r run.Run) string {
	return records.QueueOrder(r.Pipeline, r.Priority, r.RequestedAt, r.ID)
}

// chain is the same for the runs of a schedule with equal params: they wait for one
// another.
func chain(r run.Run) string {
	params := []string{r.Trigger.Schedule}
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		params = append(params, name, r.Params[name])
	}
	return run.Digest(params...)[:8]
}
