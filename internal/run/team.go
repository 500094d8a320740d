package run

import "ephemr/internal/stage"

// NoTeam is the team of pipelines that name none.
const NoTeam = stage.NoTeam

func teamOr(team string) string {
	if team == "" {
		return NoTeam
	}
	return team
}

// TeamName is the team that r counts against.
func (r Run) TeamName() string { return teamOr(r.Team) }

// PoolOwner is whose pools r uses: those of its team, or of its user alone. On a
// machine that two users share, each could come by what the other's jobs have.
func (r Run) PoolOwner() string {
	if r.User != "" {
		return r.TeamName() + "." + r.User
	}
	return r.TeamName()
}
