package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/events"
	"ephemr/infra/constructs"
)

// NewTriggers fills the triggers' stack: uploads send messages to the queue events.
func NewTriggers(stack awscdk.Stack, stage constructs.Stage, p *Platform) {
	for _, zone := range stage.EventZones() {
		constructs.NewRule(stack, title(zone)+"Objects", constructs.RuleProps{
			Stage: stage, Name: "objects-" + zone, Description: "Uploads to zone " + zone,
			Source: events.SourceS3, Types: []string{events.TypeObjectCreated},
			Detail: map[string]any{"bucket": map[string]any{"name": []*string{p.lake.Zones[zone].Name()}}},
			Queue:  p.events, Dead: p.targets,
		})
	}
}
