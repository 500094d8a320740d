package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

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
	for _, name := range s.ZoneNames() {
		zone := s.Zones[name]
		lake.Zones[name] = constructs.NewBucket(stack, title(name), constructs.BucketProps{
			Stage: s, Name: name, Versioned: zone.Versioned, Events: zone.Events,
			ArchiveDays: zone.ArchiveDays, ExpireDays: zone.ExpireDays,
		})
	}
	lake.Artifacts = constructs.NewBucket(stack, "Artifacts", constructs.BucketProps{Stage: s, Name: "artifacts"})
	lake.Logs = constructs.NewBucket(stack, "Logs", constructs.BucketProps{Stage: s, Name: "logs", ExpireDays: s.Logs.BucketDays})
	constructs.NewDatabase(stack, "Database", s)
	lake.addQueries(stack, s)
	return lake
}

// addQueries adds the resources for queries: a workgroup for each team, and a
// bucket for results.
func (l *Lake) addQueries(stack awscdk.Stack, s constructs.Stage) {
	results := constructs.NewBucket(stack, "Queries", constructs.BucketProps{Stage: s, Name: "queries", ExpireDays: s.Query.KeepDays})
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
