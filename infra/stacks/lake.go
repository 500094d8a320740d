package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"

	"ephemr/infra/config"
	"ephemr/infra/constructs"
	"ephemr/internal/stage"
)

// Lake is the data lake: a bucket for each zone, one for packages, one for logs and
// results of runs, the catalog, and the resources for queries.
type Lake struct {
	Zones     map[string]*constructs.Bucket
	Artifacts *constructs.Bucket
	Logs      *constructs.Bucket
}

// NewLake fills the lake's stack.
func NewLake(stack awscdk.Stack, s constructs.Stage) *Lake {
	lake := &Lake{Zones: map[string]*constructs.Bucket{}}
	reports := constructs.NewReports(stack, "Reports", s)
	bucket := func(id, name string, zone config.Zone, lists bool) *constructs.Bucket {
		return constructs.NewBucket(stack, id, constructs.BucketProps{Stage: s, Name: name, Zone: zone, Reports: reports, Lists: lists})
	}
	for _, name := range s.ZoneNames() {
		lake.Zones[name] = bucket(title(name), name, s.Zones[name], true)
	}
	logs := s.LogsZone()
	logs.ExpireDays = s.Logs.BucketDays
	lake.Artifacts = bucket("Artifacts", "artifacts", s.ArtifactsZone(), false)
	lake.Logs = bucket("Logs", "logs", logs, false)
	results := bucket("Queries", "queries", config.Zone{ExpireDays: s.Query.KeepDays}, false)
	lake.addCatalog(stack, s)
	lake.addQueries(stack, s, results)
	return lake
}

// addCatalog adds the stage's Glue database and those of zones, and the rights of teams on them.
func (l *Lake) addCatalog(stack awscdk.Stack, s constructs.Stage) {
	databases := []awsglue.CfnDatabase{constructs.NewDatabase(stack, "Database", s)}
	for _, zone := range s.ZoneNames() {
		if _, ok := s.DatabaseOf(zone); ok {
			databases = append(databases, constructs.NewZoneDatabase(stack, "Database-"+zone, s, zone, l.Zones[zone]))
		}
	}
	for _, team := range s.LakeTeams() {
		constructs.NewTeamRights(stack, "Lake-"+team, constructs.TeamRightsProps{Stage: s, Team: team, Zones: l.Zones, Databases: databases})
	}
}

// addQueries adds the resources for queries: a workgroup for each team.
func (l *Lake) addQueries(stack awscdk.Stack, s constructs.Stage, results *constructs.Bucket) {
	settings := stage.Query{Database: s.Database(), Workgroups: map[string]stage.Workgroup{}}
	for _, team := range s.TeamNames() {
		group := constructs.NewWorkgroup(stack, "Query-"+team, constructs.WorkgroupProps{Stage: s, Team: team, Results: results, Zones: l.Zones})
		settings.Workgroups[team] = group.Settings()
	}
	constructs.NewParameter(stack, "QuerySettings", stage.QueryParameter(s.Stage), "Query settings of stage "+s.Stage+" for the CLI", new(encode(settings)))
}

// elsewhere is the lake for other stacks: its buckets by their names.
func (l *Lake) elsewhere() *Lake {
	other := &Lake{Zones: map[string]*constructs.Bucket{}, Artifacts: l.Artifacts.Elsewhere(), Logs: l.Logs.Elsewhere()}
	for name, zone := range l.Zones {
		other.Zones[name] = zone.Elsewhere()
	}
	return other
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
