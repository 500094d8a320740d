package localemr_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// awsCLI finds the AWS CLI: that of the tools directory first.
func awsCLI(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("the AWS CLI takes a second per call")
	}
	if tools := os.Getenv("EPHEMR_TOOLS"); tools != "" {
		file := filepath.Join(tools, "venv", "bin", "aws")
		if _, err := os.Stat(file); err == nil { //nolint:gosec // a variable of the test run
			return file
		}
	}
	file, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("no aws in $EPHEMR_TOOLS/venv/bin or $PATH")
	}
	if err := exec.CommandContext(t.Context(), file, "--version").Run(); err != nil { //nolint:gosec // found above
		t.Skipf("aws does not run: %v", err)
	}
	return file
}

func TestAWSCommandLine(t *testing.T) {
	t.Parallel()
	cli := awsCLI(t)
	st := begin(t)
	home := t.TempDir()
	aws := func(out any, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), cli, append([]string{"--endpoint-url", st.http.URL, "--output", "json", "emr"}, args...)...) //nolint:gosec // the program under test's client
		cmd.Env = append(os.Environ(), "HOME="+home, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1")
		b, err := cmd.Output()
		if err != nil {
			t.Fatalf("aws emr %v: %v", args, err)
		}
		if out == nil {
			return
		}
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatalf("aws emr %v: %v in %s", args, err, b)
		}
	}
	var created struct{ ClusterID string }
	aws(&created, "create-cluster", "--name", "cli", "--release-label", "emr-7.14.0", "--applications", "Name=Spark", "--use-default-roles",
		"--instance-type", "m5.xlarge", "--instance-count", "3", "--log-uri", "s3://logs/emr/", "--tags", "ephemr:run=r1",
		"--auto-termination-policy", "IdleTimeout=604800")
	id := created.ClusterID
	var steps struct{ StepIDs []string }
	aws(&steps, "add-steps", "--cluster-id", id, "--steps",
		`[{"Name":"echo","Type":"CUSTOM_JAR","ActionOnFailure":"CONTINUE","Jar":"command-runner.jar","Args":["echo","hello"]}]`)
	st.awaitStep(id, steps.StepIDs[0], types.StepStateCompleted)
	aws(nil, "wait", "step-complete", "--cluster-id", id, "--step-id", steps.StepIDs[0])
	var described struct {
		Cluster struct {
			Name           string
			InstanceGroups []struct{ RunningInstanceCount int }
		}
	}
	aws(&described, "describe-cluster", "--cluster-id", id)
	if c := described.Cluster; c.Name != "cli" || len(c.InstanceGroups) != 2 || c.InstanceGroups[1].RunningInstanceCount != 2 {
		t.Errorf("described: %+v", c)
	}
	var listed struct{ Clusters []struct{ ID string } }
	aws(&listed, "list-clusters", "--active", "--created-after", "2020-01-01")
	if len(listed.Clusters) != 1 || listed.Clusters[0].ID != id {
		t.Errorf("listed: %+v", listed)
	}
	aws(nil, "terminate-clusters", "--cluster-ids", id)
	st.awaitCluster(id, types.ClusterStateTerminated)
}
