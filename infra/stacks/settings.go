package stacks

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/infra/constructs"
	"ephemr/internal/stage"
)

// settings are the stage's settings for functions and CLI. Values may be CDK
// tokens, which the deployment resolves.
func (p *Platform) settings(stack awscdk.Stack) stage.Settings {
	s := stage.Settings{
		Stage:   p.stage.Stage,
		Account: *stack.Account(),
		Region:  *stack.Region(),

		RunsTable:      *p.runs.Name(),
		PipelinesTable: *p.pipelines.Name(),
		ClustersTable:  *p.clusters.Name(),
		LedgerTable:    *p.ledger.Name(),

		Namespace: *p.namespace.ID(),

		Lake:            map[string]string{},
		Sources:         p.stage.Sources,
		ArtifactsBucket: *p.lake.Artifacts.Name(),
		LogsBucket:      *p.lake.Logs.Name(),
		RunLogGroup:     *p.runLogs.LogGroupName(),
		RunLogDays:      p.stage.Logs.Days,

		EventsQueue:   *p.events.URL(),
		RequestsQueue: *p.requests.URL(),
		EventsDLQ:     *p.events.Dead.URL(),
		RequestsDLQ:   *p.requests.Dead.URL(),
		TargetsDLQ:    *p.targets.URL(),
		EventBus:      *p.bus.Name(),
		Topic:         *p.topic.ARN(),
		StateMachine:  *p.machine.ARN(),

		Vars:    p.stage.Vars,
		Secrets: p.stage.Secrets,

		ServiceRole:     *p.roles.ServiceRole(),
		InstanceProfile: p.roles.InstanceProfile(),
		UserInstances:   p.roles.UserInstanceProfile(),
		SecurityConfig:  p.security,
		Network:         p.stage.Network != nil,
		Bootstrap:       p.runner.Bootstrap,
		Runners:         p.runner.Runners,

		Limits:  p.limits(),
		Costs:   p.stage.Costs,
		Access:  p.users.Settings(),
		Notices: stage.Notices{Window: p.stage.Notices.Window, Destinations: p.others.Settings()},

		Lineage: p.stage.Lineage,

		Functions: stage.Functions{
			AdmitFunction:    constructs.FunctionName(p.stage, "Admit"),
			ControlFunction:  constructs.FunctionName(p.stage, "Control"),
			CalendarFunction: constructs.FunctionName(p.stage, "Calendar"),
			RegisterFunction: constructs.FunctionName(p.stage, "Register"),
		},
	}
	for zone, bucket := range p.lake.Zones {
		s.Lake[zone] = *bucket.Name()
	}
	return s
}

func (p *Platform) limits() stage.Limits {
	l := p.stage.Limits
	return stage.Limits{
		MaxActive:         l.MaxActive,
		TeamMaxActive:     l.TeamMaxActive,
		Teams:             l.Teams,
		PipelineMaxActive: l.PipelineMaxActive,
		Deadline:          l.Deadline,
		ClusterReady:      l.ClusterReady,
		Requests:          l.Requests,
		ClusterProvision:  l.ClusterProvision,
		EMR:               l.EMR,
		Pool:              l.Pool,
	}
}

// object converts v to maps and plain values, which CDK can encode.
func object(v any) map[string]any {
	var m map[string]any
	if err := json.Unmarshal([]byte(encode(v)), &m); err != nil {
		panic(fmt.Sprintf("decode %T: %v", v, err))
	}
	return m
}
