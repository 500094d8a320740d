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

// TeamName is the team whose limits apply to r.
func (r Run) TeamName() string { return teamOr(r.Team) }

// PoolOwner is the owner of the pools that r uses: its team, or its user alone. On
// a shared machine a user could read the data of another user's jobs.
func (r Run) PoolOwner() string {
	if r.User != "" {
		return r.TeamName() + "." + r.User
	}
	return r.TeamName()
}
