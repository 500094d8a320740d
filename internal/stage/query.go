package stage

import (
	"encoding/json"
	"errors"
	"fmt"
)

// NoTeam is the team of runs and queries that name none.
const NoTeam = "default"

// Query is the CLI's settings for queries with Athena. It has an SSM parameter of its
// own: functions do not need it, and their environment is limited to 4 KB.
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
