package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/infra/constructs"
)

// NewIngestion fills the ingestion's stack: what brings data into zones of the lake without a pipeline.
func NewIngestion(stack awscdk.Stack, s constructs.Stage, lake *Lake) {
	zones := lake.elsewhere().Zones
	alarms := constructs.AlarmsElsewhere(stack, s)
	logs := constructs.NewLogs(stack, "Logs", s, s.LogGroup("firehose"))
	streams := map[string]*constructs.Stream{}
	for _, name := range s.StreamNames() {
		zone := zones[s.Ingestion.Streams[name].ZoneName()]
		streams[name] = constructs.NewStream(stack, "Stream-"+name, constructs.StreamProps{Stage: s, Alarms: alarms, Name: name, Zone: zone, Logs: logs})
	}
	for _, team := range s.TeamNames() {
		var own []*constructs.Stream
		for _, name := range s.StreamNames() {
			if slices.Contains(s.Ingestion.Streams[name].Teams, team) {
				own = append(own, streams[name])
			}
		}
		if len(own) > 0 {
			constructs.NewPutPolicy(stack, "Put-"+team, s, team, own)
		}
	}
}
