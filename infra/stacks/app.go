// Package stacks puts the building blocks together: the lake, the platform
// that runs pipelines on it, and the triggers that start them.
package stacks

import (
	"os"
	"runtime"
	"strings"

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

// Built says where scripts/build puts what the stage deploys, below the top
// folder: for Graviton functions and clusters of either kind, or for this
// machine alone.
func Built(cfg config.Config) constructs.Binaries {
	built := constructs.Binaries{Dist: "dist", Scripts: "scripts", Version: version()}
	if cfg.FunctionArchitecture == config.Host {
		built.Arch = runtime.GOARCH
		built.Runners = map[string]string{machine(): runtime.GOOS + "-" + runtime.GOARCH}
		return built
	}
	built.Arch = string(cfg.FunctionArchitecture)
	built.Runners = map[string]string{"aarch64": "linux-arm64", "x86_64": "linux-amd64"}
	return built
}

// version is what scripts/build has written down, if it has.
func version() string {
	data, _ := os.ReadFile("dist/version") // a stage works without
	return strings.TrimSpace(string(data))
}

// machine is this machine as uname -m calls it.
func machine() string {
	switch runtime.GOOS + "-" + runtime.GOARCH {
	case "linux-arm64":
		return "aarch64"
	case "linux-amd64", "darwin-amd64":
		return "x86_64"
	}
	return runtime.GOARCH
}

func newStack(app awscdk.App, stage constructs.Stage, name, description string) awscdk.Stack {
	id := stage.Name(name)
	stack := awscdk.NewStack(app, &id, &awscdk.StackProps{
		Description:           &description,
		Env:                   &awscdk.Environment{Account: given(stage.Account), Region: given(stage.Region)},
		Synthesizer:           synthesizer(stage.Synthesizer),
		TerminationProtection: &stage.Retain,
	})
	// CDK itself makes functions and state machines wait for their roles'
	// policies, and names the roles too.
	stack.TemplateOptions().SetMetadata(&map[string]any{
		"cfn-lint": map[string]any{"config": map[string]any{"ignore_checks": []string{"W3005"}}},
	})
	return stack
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
