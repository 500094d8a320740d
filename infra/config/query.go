package config

import (
	"fmt"
	"maps"
	"slices"

	"ephemr/internal/pipeline"
	"ephemr/internal/stage"
)

// Query says what people may ask of the lake with Athena. Every team of the
// stage has a workgroup; Teams lists those whose limit differs.
type Query struct {
	ScanLimitGiB float64            `yaml:"scanLimitGiB"` // most that one query may read; what it reads is what it costs
	Teams        map[string]float64 `yaml:"teams"`        // team -> its own limit, in GiB
	KeepDays     int                `yaml:"keepDays"`     // results stay in S3 for so long
}

// Bounds of a scan limit: Athena takes 10 MB or more, and more than a PiB is
// no limit.
const (
	minScan    = 10_000_000
	maxScanGiB = 1 << 20
)

// maxTables is how long the addresses of a team's tables may be: its policy may
// have 6,144 characters, and the rest of it needs some 2,500.
const maxTables = 3500

// TeamNames lists the stage's teams, sorted: every one that its file names, and
// that of whoever names none.
func (c Config) TeamNames() []string {
	teams := map[string]bool{stage.NoTeam: true}
	for team := range c.Limits.Teams {
		teams[team] = true
	}
	for team := range c.Query.Teams {
		teams[team] = true
	}
	for _, user := range c.Access.Users {
		teams[user.Team] = true
	}
	return slices.Sorted(maps.Keys(teams))
}

// Readable says what the people of a team may ask for: the zones and tables that
// one of the team's users may read or write. A team without users may ask for
// the whole lake, unless nothing runs without a user.
func (c Config) Readable(team string) (zones, tables []string) {
	inZones, inTables, users := map[string]bool{}, map[string]bool{}, false
	for _, user := range c.Access.Users {
		if user.Team != team {
			continue
		}
		users = true
		for zone := range user.Zones {
			inZones[zone] = true
		}
		for key := range user.Tables {
			inTables[key] = true
		}
	}
	if !users && !c.Access.Required {
		return c.ZoneNames(), []string{c.Database() + ".*"}
	}
	return sortedKeys(inZones), sortedKeys(inTables)
}

// Workgroup is a team's Athena workgroup.
func (c Config) Workgroup(team string) string { return c.Name(team) }

// ScanLimit is how many bytes a query of a team may read.
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
			errs = append(errs, fmt.Errorf("%s %g must be 0.01 to %d: Athena knows no limit below 10 MB", key, gib, maxScanGiB))
		}
	}
	limit("query.scanLimitGiB", c.Query.ScanLimitGiB)
	for _, team := range sortedKeys(c.Query.Teams) {
		limit("query.teams."+team, c.Query.Teams[team])
	}
	for _, team := range c.TeamNames() {
		if !pipeline.ValidName(team) {
			errs = append(errs, fmt.Errorf("team %q must be up to 40 lower-case letters, digits and dashes: its workgroup is named after it", team))
		}
		size := 0
		_, tables := c.Readable(team)
		for _, key := range tables {
			size += len(key) + len("arn:aws:glue:us-east-1:123456789012:table//") // and its quotes
		}
		if size > maxTables {
			errs = append(errs, fmt.Errorf("team %s: its users have %d tables, too many for its policy; write database.prefix* or database.*", team, len(tables)))
		}
	}
	if c.Query.KeepDays < 1 {
		errs = append(errs, fmt.Errorf("query.keepDays %d must be at least 1", c.Query.KeepDays))
	}
	return errs
}
