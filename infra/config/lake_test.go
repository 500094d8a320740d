package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
)

// A stage has a whole lake by one word, and changes single keys of it.
func TestLake(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"lake:\n", "lake: {}\n", "lake: {zones: {raw: }}\n"} {
		c, err := config.Parse("dev", "x.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%s%v", text, err)
		}
		got := []any{c.ZoneNames(), c.EventZones(), c.Databases(), c.Zones["archive"].ArchiveClass, c.Lake.AccessLogs, c.Lake.ReportDays}
		if diff := cmp.Diff([]any{
			[]string{"archive", "curated", "quarantine", "raw", "staging"},
			[]string{"raw"},
			[]string{"ephemr_dev", "ephemr_dev_curated", "ephemr_dev_raw", "ephemr_dev_staging"},
			config.Flexible, true, 90,
		}, got); diff != "" {
			t.Errorf("%s-want +got:\n%s", text, diff)
		}
	}
	c, err := config.Parse("dev", "x.yaml", []byte(`
lake:
  accessLogs: false
  zones:
    raw: {expireDays: 90}        # and not the transitions of the defaults
    curated: {versionDays: 7}    # and the transition of the defaults
    mart: {database: true}
    logs: {uploadDays: 1}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := []config.Zone{c.Zones["raw"], c.Zones["curated"], c.Zones["mart"], c.LogsZone()}
	if diff := cmp.Diff([]config.Zone{
		{Versioned: true, Events: true, Database: true, ExpireDays: 90},
		{Versioned: true, Database: true, InfrequentDays: 90, VersionDays: 7},
		{Database: true},
		{UploadDays: 1},
	}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if c.Lake.Reports() || len(c.ZoneNames()) != 6 {
		t.Errorf("reports %t, zones %v", c.Lake.Reports(), c.ZoneNames())
	}
}

// A team may use the tables of its zones, and may query what it may use.
func TestTeamsOfLake(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("dev", "x.yaml", []byte(`
lake:
  teams:
    science: {zones: {curated: read, staging: write, archive: read}, tables: {"ephemr_dev.model_*": write, "ephemr_dev_curated.*": write}}
access: {users: {etl: {team: science, zones: {raw: read}}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]config.Right{"ephemr_dev.model_*": "write", "ephemr_dev_curated.*": "write", "ephemr_dev_staging.*": "write"}, c.TablesOf("science")); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	zones, tables := c.Readable("science")
	if diff := cmp.Diff([][]string{{"archive", "curated", "raw", "staging"}, {"ephemr_dev.model_*", "ephemr_dev_curated.*", "ephemr_dev_staging.*"}}, [][]string{zones, tables}); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
	if !slices.Contains(c.TeamNames(), "science") {
		t.Error("the team has no workgroup")
	}
}

// Mistakes in a lake are reported together, where they are written.
func TestLakeIsRefused(t *testing.T) {
	t.Parallel()
	_, err := config.Parse("dev", "x.yaml", []byte(`zones:
  raw: {}
lake:
  inventory: hourly
  reportDays: 0
  zones:
    raw: {infrequentDays: 7}
    curated: {infrequentDays: 30, archiveDays: 45}
    staging: {archiveDays: 30, expireDays: 14}
    archive: {archiveClass: glacier, archiveDays: 1}
    quarantine: {versionDays: 3}
    queries: {}
    mart: {archiveClass: deep}
    logs: {expireDays: 3}
    artifacts: {archiveDays: 3, events: true}
    late: {uploadDays: -1}
    cold: {infrequentDays: 60, expireDays: 50}
  teams:
    Science: {zones: {raw: read}}
    idle: {}
    many: {tables: {d1.a: read, d2.a: read, d3.a: read, d4.a: read, d5.a: read, d6.a: read, d7.a: read, d8.a: read, d9.a: read, e1.a: read, e2.a: read, e3.a: read, e4.a: read}}
    data: {zones: {gold: read, raw: rw}, tables: {flights: read}, roles: ["arn:aws:iam::1:role/x"]}
`))
	if err == nil {
		t.Fatal("no error")
	}
	want := strings.Split(strings.TrimSpace(`
x.yaml:1:1: zones: the stage has a lake, which has its zones; move them to lake.zones
x.yaml:4:3: lake.inventory "hourly" must be daily or weekly
x.yaml:5:3: lake.reportDays 0 must be at least 1
x.yaml:7:11: lake.zones.raw.infrequentDays 7 must be at least 30: S3 moves no younger objects to Standard-IA
x.yaml:8:35: lake.zones.curated.archiveDays 45 must be at least 60: S3 keeps objects 30 days in Standard-IA
x.yaml:9:15: lake.zones.staging: archiveDays must be less than expireDays
x.yaml:10:15: lake.zones.archive.archiveClass "glacier" must be instant, flexible or deep
x.yaml:11:18: lake.zones.quarantine.versionDays is for zones with versioned: true
x.yaml:12:5: lake.zones.queries: invalid or reserved name
x.yaml:13:12: lake.zones.mart.archiveClass needs archiveDays: the days until objects move to deep
x.yaml:14:12: lake.zones.logs.expireDays: set logs.bucketDays instead
x.yaml:15:17: lake.zones.artifacts.archiveDays: ephemr reads these objects; remove it
x.yaml:15:33: lake.zones.artifacts: events and database are for zones of data; remove them
x.yaml:16:12: lake.zones.late.uploadDays -1 must be days, or 0 for none or the default
x.yaml:17:12: lake.zones.cold: infrequentDays must be less than expireDays
x.yaml:19:5: lake.teams.Science: invalid team: use lower-case letters, digits and hyphens
x.yaml:20:5: lake.teams.idle: has neither zones nor tables; add one, or remove the team
x.yaml:21:5: lake.teams.many: has 0 zones and 13 tables, too many for one policy; use database.*, or a second team
x.yaml:22:20: lake.teams.data.zones.gold: unknown zone; the lake has archive, cold, curated, late, mart, quarantine, queries, raw, staging
x.yaml:22:32: lake.teams.data.zones.raw: "rw" must be read or write
x.yaml:22:51: lake.teams.data.tables.flights: use database.table, database.prefix* or database.*
x.yaml:22:75: lake.teams.data.roles[0]: "arn:aws:iam::1:role/x" is not the name of a role; use the name, without arn:… and path
`), "\n")
	got := strings.Split(err.Error(), "\n")
	got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, "invalid team name") }) // of its workgroup
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
