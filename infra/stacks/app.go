// Package stacks puts the building blocks together: the lake, the platform
// that runs pipelines on it, and the triggers that start them.
package stacks

import (
	"runtime"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/infra/config"
	"ephemr/infra/constructs"
)

// Add adds the stage's stacks to app.
func Add(app awscdk.App, cfg config.Config, code constructs.Binaries) {
	stage := constructs.Stage{Config: cfg}
	lake := NewLake(newStack(app, stage, "lake", "The buckets and the catalog that runs read and write."), stage)
	platform := NewPlatform(newStack(app, stage, "platform", "Turns events into runs on transient clusters."), stage, lake, code)
	NewTriggers(newStack(app, stage, "triggers", "What asks for runs: uploads and schedules."), stage, platform)
	awscdk.Tags_Of(app).Add(new("ephemr:stage"), &cfg.Stage, nil)
}

// Architecture is the GOARCH that the stage's functions are built for.
func Architecture(cfg config.Config) string {
	if cfg.FunctionArchitecture == config.Host {
		return runtime.GOARCH
	}
	return string(cfg.FunctionArchitecture)
}

func newStack(app awscdk.App, stage constructs.Stage, name, description string) awscdk.Stack {
	id := stage.Name(name)
	return awscdk.NewStack(app, &id, &awscdk.StackProps{
		Description:           &description,
		Env:                   &awscdk.Environment{Account: given(stage.Account), Region: given(stage.Region)},
		Synthesizer:           synthesizer(stage.Synthesizer),
		TerminationProtection: &stage.Retain,
	})
}

func synthesizer(s config.Synthesizer) awscdk.IStackSynthesizer {
	if s == config.CallerRights {
		return awscdk.NewCliCredentialsStackSynthesizer(nil)
	}
	return awscdk.NewDefaultStackSynthesizer(nil)
}

// given is s, or nil when it is empty.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
