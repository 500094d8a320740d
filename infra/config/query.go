package config

import (
	"fmt"
	"maps"
	"slices"

	"ephemr/internal/pipeline"
	"ephemr/internal/stage"
)

// Query configures queries of the lake with Athena. Every team of the stage has a
// workgroup; Teams lists the teams with a limit of their own.
type Query struct {
	ScanLimitGiB float64            `yaml:"scanLimitGiB"` // maximum that one query may scan, which determines its cost
	Teams        map[string]float64 `yaml:"teams"`        // team -> its own limit, in GiB
	KeepDays     int                `yaml:"keepDays"`     // retention of results in S3
}

// Bounds of a scan limit. Athena requires at least 10 MB.
const (
	minScan    = 10_000_000
	maxScanGiB = 1 << 20
)

// maxTables is the maximum total length of the ARNs of a team's tables: a managed
// policy has at most 6,144 characters, and the rest of it takes about 2,500.
const maxTables = 3500

// TeamNames lists the stage's teams, sorted: those in its configuration, and the
// default team.
func (c Config) TeamNames() []string {
	teams := map[string]bool{stage.NoTeam: true}
	for team := range c.Limits.Teams {
		teams[team] = true
	}
	for team := range c.Query.Teams {
		teams[team] = true
	}
	for _, team := range c.LakeTeams() {
		teams[team] = true
	}
	for _, user := range c.Access.Users {
		teams[user.Team] = true
	}
	return slices.Sorted(maps.Keys(teams))
}

// Readable returns the zones and tables that members of a team may query: those
// that the lake gives the team, or any of its users, to read or write. A team with
// neither may query the whole lake, unless the stage requires users.
func (c Config) Readable(team string) (zones, tables []string) {
	inZones, inTables, known := map[string]bool{}, map[string]bool{}, slices.Contains(c.LakeTeams(), team)
	if known {
		for zone := range c.Lake.Teams[team].Zones {
			inZones[zone] = true
		}
		for key := range c.TablesOf(team) {
			inTables[key] = true
		}
	}
	for _, user := range c.Access.Users {
		if user.Team != team {
			continue
		}
		known = true
		for zone := range user.Zones {
			inZones[zone] = true
		}
		for key := range user.Tables {
			inTables[key] = true
		}
	}
	if !known && !c.Access.Required {
		for _, database := range c.Databases() {
			tables = append(tables, database+".*")
		}
		return c.ZoneNames(), tables
	}
	return sortedKeys(inZones), sortedKeys(inTables)
}

// Workgroup is the name of a team's Athena workgroup.
func (c Config) Workgroup(team string) string { return c.Name(team) }

// ScanLimit is the maximum number of bytes that a query of a team may scan.
func (c Config) ScanLimit(team string) int64 {
	limit := c.Query.ScanLimitGiB
	if own, ok := c.Query.Teams[team]; ok {
		limit = own
	}
	return int64(limit * (1 << 30))
}

func (c Config) validateQuery() []error {
	var errs []error
	limit := func(key string, gib float64) {
		if gib*(1<<30) < minScan || gib > maxScanGiB {
			errs = append(errs, fmt.Errorf("%s %g must be 0.01 to %d: Athena's minimum is 10 MB", key, gib, maxScanGiB))
		}
	}
	limit("query.scanLimitGiB", c.Query.ScanLimitGiB)
	for _, team := range sortedKeys(c.Query.Teams) {
		limit("query.teams."+team, c.Query.Teams[team])
	}
	for _, team := range c.TeamNames() {
		if !pipeline.ValidName(team) {
			errs = append(errs, fmt.Errorf("invalid team name %q: use up to 40 lower-case letters, digits and hyphens", team))
		}
		size := 0
		_, tables := c.Readable(team)
		for _, key := range tables {
			size += len(key) + len("arn:aws:glue:us-east-1:123456789012:table//") // and its quotes
		}
		if size > maxTables {
			errs = append(errs, fmt.Errorf("team %s: its users have %d tables, too many for one policy; use database.prefix* or database.*", team, len(tables)))
		}
	}
	if c.Query.KeepDays < 1 {
		errs = append(errs, fmt.Errorf("query.keepDays %d must be at least 1", c.Query.KeepDays))
	}
	return errs
}
