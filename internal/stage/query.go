package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// NoTeam is the team of runs and queries that name none.
const NoTeam = "default"

// Query is the CLI's settings for queries with Athena. It has an SSM parameter of its
// own: of the functions only CheckSQL needs it, and their environment is limited to 4 KB.
type Query struct {
	Database   string               `json:"database"`   // Glue's
	Workgroups map[string]Workgroup `json:"workgroups"` // by team
}

// Workgroup is a team's Athena workgroup.
type Workgroup struct {
	Name      string `json:"name"`
	ScanLimit int64  `json:"scanLimit"` // maximum bytes that one query scans
	Policy    string `json:"policy"`    // name of the managed policy that allows using it
}

// QueryParameter is the name of the SSM parameter with a stage's Query.
func QueryParameter(stage string) string { return "/ephemr/" + stage + "/query" }

// Team is the team whose workgroup runs queries for a team: itself, or the default team if it has none.
func (q Query) Team(team string) string {
	if _, ok := q.Workgroups[team]; ok {
		return team
	}
	return NoTeam
}

// CheckRole is the role of a team's SQL checks, in the name of which are also the stage and the Region.
func CheckRole(team string) string { return "checks-" + team }

// CheckRole is the ARN of the role of a team's SQL checks, in the partition of the stage.
func (s Settings) CheckRole(team string) string {
	_, rest, _ := strings.Cut(s.StateMachine, ":")
	partition, _, _ := strings.Cut(rest, ":")
	return fmt.Sprintf("arn:%s:iam::%s:role/ephemr-%s-%s-%s", partition, s.Account, s.Stage, CheckRole(team), s.Region)
}

// ParseQuery reads a Query from JSON.
func ParseQuery(text string) (Query, error) {
	var q Query
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		return q, fmt.Errorf("read query settings: %w", err)
	}
	if q.Database == "" || len(q.Workgroups) == 0 {
		return q, errors.New("read query settings: database or workgroups are missing")
	}
	return q, nil
}
