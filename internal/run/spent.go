package run

import (
	"cmp"
	"time"
)

// Spent is what the runs of a team have cost in a month.
type Spent struct {
	USD   float64   `dynamodbav:"usd" json:"usd"`                       // of runs that ended
	Since time.Time `dynamodbav:"since,omitzero" json:"since,omitzero"` // end of the first of them
}

// TeamOf is the team that pays for r.
func TeamOf(r Run) string { return cmp.Or(r.Team, NoTeam) }
