package localemr_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/local/localemr"
)

// action runs s3://code/boot.sh.
func action(name string, args ...string) types.BootstrapActionConfig {
	return types.BootstrapActionConfig{
		Name: &name, ScriptBootstrapAction: &types.ScriptBootstrapActionConfig{Path: new("s3://code/boot.sh"), Args: args},
	}
}

func TestBootstrapActionsRunInOrder(t *testing.T) {
	t.Parallel()
	st := begin(t)
	st.s3.put("s3://code/boot.sh", []byte("#!/bin/bash\necho $1 >> $EPHEMR_HOME/order; echo booted $1\n"))
	in := request("boot", bash("after", "cat $HOME/order"))
	in.BootstrapActions = []types.BootstrapActionConfig{action("a", "first"), action("b", "second")}
	id := st.run(in)
	st.awaitCluster(id, types.ClusterStateWaiting)
	if got := st.s3.unzip(t, "s3://logs/emr/"+id+"/steps/"+*st.steps(id)[0].Id+"/stdout.gz"); got != "first\nsecond\n" {
		t.Errorf("order: %q", got)
	}
	primary := *st.instances(emr.ListInstancesInput{ClusterId: &id})[0].Ec2InstanceId
	if got := st.s3.unzip(t, "s3://logs/emr/"+id+"/node/"+primary+"/bootstrap-actions/2/stdout.gz"); got != "booted second\n" {
		t.Errorf("log: %q", got)
	}
	out, err := st.emr.ListBootstrapActions(t.Context(), &emr.ListBootstrapActionsInput{ClusterId: &id})
	if err != nil || len(out.BootstrapActions) != 2 || *out.BootstrapActions[1].Name != "b" || out.BootstrapActions[1].Args[0] != "second" {
		t.Errorf("list: %+v, %v", out, err)
	}
}

func TestBootstrapFailure(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, script, code, message string
		faults                      []localemr.Fault
	}{
		{name: "non-zero", script: "exit 3", code: "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE", message: "bootstrap action 1 returned a non-zero return code"},
		{name: "no such file", code: "BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY", message: "failed attempting to download bootstrap action 1 file from S3"},
		{name: "fault", script: "true", code: "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE", message: "bootstrap action 1 returned", faults: []localemr.Fault{{Kind: "bootstrapFailure", Cluster: "boot*"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := begin(t, faults(tt.faults...))
			if tt.script != "" {
				st.s3.put("s3://code/boot.sh", []byte(tt.script))
			}
			in := request("boot", bash("never", "true"))
			in.BootstrapActions = []types.BootstrapActionConfig{action("a")}
			id := st.run(in)
			c := st.awaitCluster(id, types.ClusterStateTerminatedWithErrors)
			why := c.Status.StateChangeReason
			if why.Code != types.ClusterStateChangeReasonCodeBootstrapFailure || !strings.Contains(*why.Message, tt.message) {
				t.Errorf("reason: %s %s", why.Code, *why.Message)
			}
			if len(c.Status.ErrorDetails) != 1 || *c.Status.ErrorDetails[0].ErrorCode != tt.code {
				t.Errorf("details: %+v", c.Status.ErrorDetails)
			}
			if got := st.steps(id)[0].Status.State; got != types.StepStateCancelled {
				t.Errorf("step is %s", got)
			}
		})
	}
}

func TestTerminationStopsBootstrapAndItsDaemons(t *testing.T) {
	t.Parallel()
	st := begin(t)
	st.s3.put("s3://code/boot.sh", []byte("setsid sleep 1000 & echo $$ $! > $HOME/pids; wait"))
	in := request("boot")
	in.BootstrapActions = []types.BootstrapActionConfig{action("a")}
	id := st.run(in)
	pids := st.pids(id)
	st.terminate(id)
	c := st.awaitCluster(id, types.ClusterStateTerminated)
	if c.Status.StateChangeReason.Code != types.ClusterStateChangeReasonCodeUserRequest {
		t.Errorf("reason: %s", c.Status.StateChangeReason.Code)
	}
	st.awaitGone(pids)
	if found, _ := filepath.Glob(filepath.Join(st.cfg.Data, id, "logs", "node", "*", "bootstrap-actions", "1", "controller")); len(found) != 1 {
		t.Error("no controller log")
	}
}
