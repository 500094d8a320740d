package stacks_test

import (
	"slices"
	"testing"
)

// The instances of clusters may publish metrics if a profile installs the CloudWatch agent, and only then.
func TestAgentRights(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	may := func(s *stage, role string) bool { return slices.Contains(s.actions(role), "cloudwatch:PutMetricData") }
	if !may(full, "emr-instance") || !may(full, "emr-users") {
		t.Error("the agent may not publish metrics")
	}
	if may(stages["dev"], "emr-instance") {
		t.Error("instances without an agent may publish metrics")
	}
}
