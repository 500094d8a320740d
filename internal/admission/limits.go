package admission

import (
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

// LimitsOf are the limits that r counts against, that of the stage first.
func LimitsOf(limits stage.Limits, r run.Run) []Limit {
	var all []Limit
	for _, s := range (&Admitter{Settings: stage.Settings{Limits: limits}}).scopes(r) {
		all = append(all, Limit{Key: s.key, Max: s.max})
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
