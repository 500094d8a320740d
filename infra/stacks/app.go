// Package stacks defines the stacks: the lake, the platform that runs pipelines on
// it, and the triggers that start them.
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
	lakeStack := newStack(app, stage, "lake", "Buckets and catalog of the data that runs read and write.")
	platformStack := newStack(app, stage, "platform", "Runs pipelines on transient EMR clusters.")
	triggersStack := newStack(app, stage, "triggers", "Sources of run requests: uploads.")
	if cfg.Network != nil {
		networkStack := newStack(app, stage, "network", "Subnets, endpoints and security groups of clusters.")
		NewNetwork(networkStack, stage)
		platformStack.AddStackDependency(networkStack, nil) // which its clusters use
	}
	lake := NewLake(lakeStack, stage)
	platform := NewPlatform(platformStack, stage, lake, code)
	NewTriggers(triggersStack, stage, platform)
	if cfg.Ingestion != nil {
		ingestionStack := newStack(app, stage, "ingestion", "Streams that write to the lake.")
		NewIngestion(ingestionStack, stage, lake)
		ingestionStack.AddStackDependency(platformStack, nil) // with the topic of its alarms
	}
	if cfg.Delivery != nil {
		NewDelivery(newStack(app, stage, "delivery", "Roles of the workflows that deploy the stage."), stage, lake)
	}
	// Stacks refer to each other by names, so that each can be changed alone; only
	// the order in which they are created is fixed.
	platformStack.AddStackDependency(lakeStack, nil)
	triggersStack.AddStackDependency(platformStack, nil)
	constructs.LimitRoles(app, platformStack, stage)
	awscdk.Tags_Of(app).Add(new("ephemr:stage"), &cfg.Stage, nil)
}

// Built locates the results of scripts/build for a stage, below the top folder: for
// functions on Graviton and clusters of both architectures, or for this machine.
func Built(cfg config.Config) constructs.Binaries {
	built := constructs.Binaries{Dist: "dist", Scripts: "scripts", Version: version()}
	if cfg.FunctionArchitecture == config.Host {
		built.System, built.Arch = runtime.GOOS, runtime.GOARCH
		built.Runners = map[string]string{machine(): runtime.GOOS + "-" + runtime.GOARCH}
		return built
	}
	built.System, built.Arch = "linux", string(cfg.FunctionArchitecture)
	built.Runners = map[string]string{"aarch64": "linux-arm64", "x86_64": "linux-amd64"}
	return built
}

// version is the version that scripts/build has recorded, or "".
func version() string {
	data, _ := os.ReadFile("dist/version") // optional
	return strings.TrimSpace(string(data))
}

// machine is this machine's architecture as uname -m prints it.
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
	// CDK lists the roles themselves beside their policies as dependencies of
	// functions and state machines, which cfn-lint reports as redundant.
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
