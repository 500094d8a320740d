package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/infra/constructs"
	"ephemr/internal/stage"
)

// NewNetwork fills the network's stack: where clusters run. CreateCluster reads it from a parameter, so that it can
// change without the platform.
func NewNetwork(stack awscdk.Stack, s constructs.Stage) {
	network := constructs.NewNetwork(stack, s)
	constructs.NewParameter(stack, "Settings", stage.NetworkParameter(s.Stage), "Network of clusters of stage "+s.Stage, stack.ToJsonString(object(network.Settings()), nil))
}
