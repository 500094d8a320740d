package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ephemr/internal/access"
)

// Rules of S3 for transitions.
// Source: Amazon S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle".
const (
	minInfrequent = 30 // days before Standard-IA, and days in it
	maxDays       = 1<<31 - 1
)

// Sizes of a team's policy, which has at most 6,144 characters without white space: what every team has, and what a zone
// and a table add at most, without the table's name.
const (
	maxPolicy   = 6144
	basePolicy  = 2900
	zonePolicy  = 150
	tablePolicy = 250
)

var roleName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

// validateZones returns all errors of the zones and of the lake.
func (c Config) validateZones() error {
	var errs []error
	at := c.zonesKey()
	for _, name := range []string{"raw", "curated"} {
		if _, ok := c.Zones[name]; !ok {
			errs = append(errs, fmt.Errorf("%s.%s is missing", at, name))
		}
	}
	for _, name := range c.ZoneNames() {
		if !zoneName.MatchString(name) || slices.Contains(ownBuckets, name) {
			errs = append(errs, fmt.Errorf("%s.%s: invalid or reserved name", at, name))
		}
		errs = append(errs, c.Zones[name].validate(at+"."+name)...)
	}
	if c.Lake != nil {
		errs = append(errs, c.validateLake()...)
	}
	return errors.Join(errs...)
}

// validate checks the lifecycle of the zone at a key.
func (z Zone) validate(at string) (errs []error) {
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(at+format, args...))
		}
	}
	for _, key := range []struct {
		name string
		days int
	}{
		{"infrequentDays", z.InfrequentDays},
		{"archiveDays", z.ArchiveDays},
		{"expireDays", z.ExpireDays},
		{"versionDays", z.VersionDays},
		{"uploadDays", z.UploadDays},
	} {
		need(key.days >= 0 && key.days <= maxDays, ".%s %d must be days, or 0 for none or the default", key.name, key.days)
	}
	need(slices.Contains([]ArchiveClass{"", Instant, Flexible, Deep}, z.ArchiveClass), ".archiveClass %q must be instant, flexible or deep", z.ArchiveClass)
	need(z.VersionDays <= 0 || z.Versioned, ".versionDays is for zones with versioned: true")
	for _, text := range z.validateMoves() {
		errs = append(errs, errors.New(at+text))
	}
	return errs
}

// validateMoves checks that objects move only to slower classes and are deleted last, when S3 allows it. The texts follow
// the key of the zone.
func (z Zone) validateMoves() (errs []string) {
	need := texts(&errs)
	need(z.ArchiveClass == "" || z.ArchiveDays > 0, ".archiveClass needs archiveDays: the days until objects move to %s", z.ArchiveClass)
	need(z.ExpireDays == 0 || z.ArchiveDays < z.ExpireDays, ": archiveDays must be less than expireDays")
	if z.InfrequentDays <= 0 {
		return errs
	}
	need(z.InfrequentDays >= minInfrequent, ".infrequentDays %d must be at least %d: S3 moves no younger objects to Standard-IA", z.InfrequentDays, minInfrequent)
	need(z.ArchiveDays <= 0 || z.ArchiveDays >= z.InfrequentDays+minInfrequent,
		".archiveDays %d must be at least %d: S3 keeps objects %d days in Standard-IA", z.ArchiveDays, z.InfrequentDays+minInfrequent, minInfrequent)
	need(z.ExpireDays <= 0 || z.InfrequentDays < z.ExpireDays, ": infrequentDays must be less than expireDays")
	return errs
}

// validateLake checks what is not a zone of data.
func (c Config) validateLake() (errs []error) {
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	l := c.Lake
	need(slices.Contains([]Frequency{"", Daily, Weekly}, l.Inventory), "lake.inventory %q must be daily or weekly", l.Inventory)
	need(l.ReportDays >= 1 && l.ReportDays <= maxDays, "lake.reportDays %d must be at least 1", l.ReportDays)
	for _, name := range []string{artifactsZone, logsZone} {
		at, z := "lake.zones."+name, l.Zones[name]
		errs = append(errs, z.validate(at)...)
		need(!z.Events && !z.Database, "%s: events and database are for zones of data; remove them", at)
		need(z.ArchiveDays == 0, "%s.archiveDays: ephemr reads these objects; remove it", at)
	}
	need(l.Zones[logsZone].ExpireDays == 0, "lake.zones.logs.expireDays: set logs.bucketDays instead")
	need(l.Zones[artifactsZone].ExpireDays == 0, "lake.zones.artifacts.expireDays: registered pipelines need their packages; remove it")
	for _, name := range c.LakeTeams() {
		errs = append(errs, c.validateTeam("lake.teams."+name, name, l.Teams[name])...)
	}
	return errs
}

func (c Config) validateTeam(at, name string, team Team) (errs []error) {
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(at+format, args...))
		}
	}
	need(access.ValidTeam(name), ": invalid team: use lower-case letters, digits and hyphens")
	need(len(team.Zones)+len(team.Tables) > 0, ": has neither zones nor tables; add one, or remove the team")
	for _, zone := range sortedKeys(team.Zones) {
		_, known := c.Zones[zone]
		need(known, ".zones.%s: unknown zone; the lake has %s", zone, strings.Join(c.ZoneNames(), ", "))
		need(team.Zones[zone].valid(), ".zones.%s: %q must be read or write", zone, team.Zones[zone])
	}
	for _, key := range sortedKeys(team.Tables) {
		need(table.MatchString(key), ".tables.%s: use database.table, database.prefix* or database.*", key)
		need(team.Tables[key].valid(), ".tables.%s: %q must be read or write", key, team.Tables[key])
		need(!c.Access.LakeFormation || !prefix(key), ".tables.%s: Lake Formation does not support prefixes", key)
	}
	tables, size := c.TablesOf(name), basePolicy+zonePolicy*len(team.Zones)
	for key := range tables {
		size += tablePolicy + 3*len(key)
	}
	need(size <= maxPolicy, ": has %d zones and %d tables, too many for one policy; use database.*, or a second team", len(team.Zones), len(tables))
	for i, role := range team.Roles {
		need(roleName.MatchString(role), ".roles[%d]: %q is not the name of a role; use the name, without arn:… and path", i, role)
		need(!slices.Contains(team.Roles[:i], role), ".roles[%d]: duplicate %q; remove one", i, role)
	}
	return errs
}

// prefix reports whether a key of tables is about those with a prefix.
func prefix(key string) bool {
	_, tables := Table(key)
	return tables != "*" && strings.HasSuffix(tables, "*")
}
