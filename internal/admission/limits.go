package admission

import (
	"cmp"
	"time"

	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Limit is a limit that a run counts against: at most Max runs hold a slot of Key at a
// time.
type Limit struct {
	Key records.Key
	Max int
}

// shared is how many limits a run shares with those of other pipelines: of the stage and
// of the team.
const shared = 2

// LimitsOf are the limits that r counts against, that of the stage first. That of the
// pipeline is as it was when r was requested.
func LimitsOf(limits stage.Limits, r run.Run) []Limit {
	all := []Limit{
		{records.StageSlotsKey(), limits.MaxActive},
		{records.TeamSlotsKey(r.TeamName()), limits.OfTeam(r.TeamName())},
		{records.PipelineSlotsKey(r.Pipeline), cmp.Or(r.MaxActive, limits.PipelineMaxActive)},
	}
	if r.MaxPerValue > 0 {
		all = append(all, Limit{records.ValueSlotsKey(r.Pipeline, r.Value()), r.MaxPerValue})
	}
	if r.Backfill != "" {
		all = append(all, Limit{records.BackfillSlotsKey(r.Backfill), r.Parallel})
	}
	return all
}

// keys are those of the limits that r counts against, that of the stage first.
func keys(r run.Run) (all []records.Key) {
	for _, l := range LimitsOf(stage.Limits{}, r) {
		all = append(all, l.Key)
	}
	return all
}

// UnknownUntil is until when r waits for the run in After if there is none; zero = always.
func UnknownUntil(r run.Run) time.Time {
	if len(r.Matrix) == 0 {
		return time.Time{}
	}
	return r.RequestedAt.Add(newValue)
}
