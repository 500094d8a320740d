package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/infra/constructs"
)

// NewDelivery fills the delivery's stack: the roles of workflows on GitHub. It needs no other stack, so that the first
// deployment can be theirs.
func NewDelivery(stack awscdk.Stack, s constructs.Stage, lake *Lake) {
	github := constructs.NewGitHub(stack, "GitHub", s)
	deploy := github.NewRole("Deploy", "deploy", s.DeployEnvironment(), "Workflows that deploy stage "+s.Stage)
	constructs.GrantBootstrap(stack, deploy)
	constructs.GrantVersion(stack, s, deploy)
	constructs.GrantStacks(stack, s, deploy, "DescribeStacks", "UpdateTerminationProtection")
	constructs.GrantPipelines(stack, s, deploy, lake.elsewhere().Artifacts)
	difference := github.NewRole("Difference", "difference", s.DifferenceEnvironment(), "Workflows of pull requests: read the templates of stage "+s.Stage)
	constructs.GrantVersion(stack, s, difference)
	constructs.GrantStacks(stack, s, difference, "DescribeStacks", "GetTemplate")
}
