package stacks

import (
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/events"
	"ephemr/infra/constructs"
)

// NewTriggers fills the triggers' stack: uploads and the tick of batches
// send messages to the queue events.
func NewTriggers(stack awscdk.Stack, stage constructs.Stage, p *Platform) {
	for _, zone := range stage.EventZones() {
		constructs.NewRule(stack, title(zone)+"Objects", constructs.RuleProps{
			Stage: stage, Name: "objects-" + zone, Description: "Uploads to zone " + zone,
			Source: events.SourceS3, Types: []string{events.TypeObjectCreated},
			Detail: map[string]any{"bucket": map[string]any{"name": []*string{p.lake.Zones[zone].Name()}}},
			Queue:  p.events, Dead: p.targets,
		})
	}
	for _, source := range stage.Sources {
		name := strings.TrimPrefix(stage.SourceRule(source), stage.Name(""))
		detail := map[string]any{"bucket": map[string]any{"name": []string{source.Bucket}}}
		if source.Prefix != "" {
			detail["object"] = map[string]any{"key": []map[string]string{{"prefix": source.Prefix}}}
		}
		constructs.NewRule(stack, "Source-"+name, constructs.RuleProps{
			Stage: stage, Name: name, Description: "Objects of s3://" + source.Bucket + "/" + source.Prefix,
			Source: events.SourceS3, Types: []string{events.TypeObjectCreated}, Detail: detail, Queue: p.events, Dead: p.targets,
		})
	}
	constructs.NewRule(stack, "BatchTick", constructs.RuleProps{
		Stage: stage, Name: strings.TrimPrefix(stage.BatchTickRule(), stage.Name("")), Description: "Closes batches of objects whose reminder was lost",
		Every: time.Minute, Queue: p.events, Dead: p.targets,
	})
}
