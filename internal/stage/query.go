package stage

import (
	"encoding/json"
	"errors"
	"fmt"
)

// NoTeam is the team of whatever names none.
const NoTeam = "default"

// Query is what the CLI knows of asking the lake with Athena. It has a parameter
// of its own: functions do not need it, and their environment has 4 KB.
type Query struct {
	Database   string               `json:"database"`   // Glue's
	Workgroups map[string]Workgroup `json:"workgroups"` // by team
}

// Workgroup is a team's in Athena.
type Workgroup struct {
	Name      string `json:"name"`
	ScanLimit int64  `json:"scanLimit"` // bytes that one query may read
	Policy    string `json:"policy"`    // name of the managed policy that lets people use it
}

// QueryParameter is where a stage's Query lies in SSM Parameter Store.
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
