package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/infra/constructs"
)

// Lake is where the data lies: a bucket per zone, one for packages, one for
// what runs leave behind, and the catalog.
type Lake struct {
	Zones     map[string]*constructs.Bucket
	Artifacts *constructs.Bucket
	Logs      *constructs.Bucket
}

// NewLake fills the lake's stack.
func NewLake(stack awscdk.Stack, stage constructs.Stage) *Lake {
	lake := &Lake{Zones: map[string]*constructs.Bucket{}}
	for _, name := range stage.ZoneNames() {
		zone := stage.Zones[name]
		lake.Zones[name] = constructs.NewBucket(stack, title(name), constructs.BucketProps{
			Stage: stage, Name: name, Versioned: zone.Versioned, Events: zone.Events,
			ArchiveDays: zone.ArchiveDays, ExpireDays: zone.ExpireDays,
		})
	}
	lake.Artifacts = constructs.NewBucket(stack, "Artifacts", constructs.BucketProps{Stage: stage, Name: "artifacts"})
	lake.Logs = constructs.NewBucket(stack, "Logs", constructs.BucketProps{Stage: stage, Name: "logs", ExpireDays: stage.Logs.BucketDays})
	constructs.NewDatabase(stack, "Database", stage)
	return lake
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
