package localemr_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/local/localemr"
)

func TestCallFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault localemr.Fault
		want  []string // results of four calls of DescribeCluster
	}{
		{"throttle", localemr.Fault{Kind: "throttle", Op: "Describe*", Count: 2}, []string{"ThrottlingException: Rate exceeded", "ThrottlingException: Rate exceeded", "", ""}},
		{"server error", localemr.Fault{Kind: "serverError", Op: "DescribeCluster", Skip: 1, Count: 1}, []string{"", "InternalServerException: *", "", ""}},
		{"another operation", localemr.Fault{Kind: "throttle", Op: "ListClusters"}, []string{"", "", "", ""}},
		{"this cluster", localemr.Fault{Kind: "throttle", Cluster: "victim", Count: 1}, []string{"ThrottlingException: Rate exceeded", "", "", ""}},
		{"another cluster", localemr.Fault{Kind: "throttle", Cluster: "other", Count: 1}, []string{"", "", "", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := begin(t)
			id := st.run(request("victim"))
			st.admin("POST", "faults", []localemr.Fault{tt.fault}, nil)
			for i, want := range tt.want {
				_, err := st.emr.DescribeCluster(t.Context(), &emr.DescribeClusterInput{ClusterId: &id})
				switch {
				case want != "":
					wants(t, err, want)
				case err != nil:
					t.Errorf("call %d: %v", i, err)
				}
			}
		})
	}
}

func TestAnswerLostAfterTheEffect(t *testing.T) {
	t.Parallel()
	st := begin(t, faults(localemr.Fault{Kind: "lostAnswer", Op: "RunJobFlow", Count: 1}))
	in := request("twice")
	if _, err := st.emr.RunJobFlow(t.Context(), in); err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("got %v, want a closed connection", err)
	}
	st.run(in)
	out, err := st.emr.ListClusters(t.Context(), &emr.ListClustersInput{})
	if err != nil || len(out.Clusters) != 2 {
		t.Errorf("%d clusters, %v; want the lost one too", len(out.Clusters), err)
	}
}

func TestTokenBuckets(t *testing.T) {
	t.Parallel()
	st := begin(t, func(c *localemr.Config) { c.Settings.Throttle = true })
	refused := 0
	for range 15 {
		if _, err := st.emr.DescribeStep(t.Context(), &emr.DescribeStepInput{ClusterId: new("j-1"), StepId: new("s-1")}); strings.Contains(err.Error(), "Rate exceeded") {
			refused++
		}
	}
	if refused < 1 || refused > 5 { // a slow machine refills the bucket meanwhile
		t.Errorf("%d of 15 calls were throttled, want those above the burst of 10", refused)
	}
	var calls localemr.Calls
	st.admin("GET", "calls", nil, &calls)
	if calls.Total["DescribeStep"] != 15 || calls.Refused["DescribeStep"] != refused {
		t.Errorf("calls: %+v", calls)
	}
}

func TestListOmitsACluster(t *testing.T) {
	t.Parallel()
	st := begin(t, faults(localemr.Fault{Kind: "listOmits", Cluster: "hidden", Count: 1}))
	st.run(request("hidden"))
	st.run(request("seen"))
	for _, want := range []int{1, 2} {
		out, err := st.emr.ListClusters(t.Context(), &emr.ListClustersInput{})
		if err != nil || len(out.Clusters) != want {
			t.Errorf("%d clusters, want %d: %v", len(out.Clusters), want, err)
		}
	}
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fault  localemr.Fault
		spot   bool
		action types.SpotProvisioningTimeoutAction
		want   string // code of the reason, or the instance that is had
	}{
		{"none of the types", localemr.Fault{Kind: "capacity", InstanceType: "m?.*", Count: 3}, false, "", "m5.xlarge subnet-2 ON_DEMAND"},
		{"unsupported types", localemr.Fault{Kind: "unsupportedType", InstanceType: "m?.*"}, false, "", "VALIDATION_ERROR"},
		{"another type", localemr.Fault{Kind: "capacity", InstanceType: "m5.*"}, false, "", "m6.xlarge subnet-2 ON_DEMAND"},
		{"another subnet", localemr.Fault{Kind: "capacity", Subnet: "subnet-1"}, false, "", "m5.xlarge subnet-2 ON_DEMAND"},
		{"spot timeout", localemr.Fault{Kind: "capacity", Market: "SPOT"}, true, "TERMINATE_CLUSTER", "INSTANCE_FLEET_TIMEOUT"},
		{"switch to on demand", localemr.Fault{Kind: "capacity", Market: "SPOT"}, true, "SWITCH_TO_ON_DEMAND", "m5.xlarge subnet-2 ON_DEMAND"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// subnet-1 is never had, so that the choice of the subnet is known.
			st := begin(t, faults(tt.fault, localemr.Fault{Kind: "capacity", Subnet: "subnet-1"}))
			in := request("capacity")
			in.Instances.Ec2SubnetIds = []string{"subnet-1", "subnet-2"}
			f := &in.Instances.InstanceFleets[0]
			f.InstanceTypeConfigs = append(f.InstanceTypeConfigs, types.InstanceTypeConfig{InstanceType: new("m6.xlarge")})
			if tt.spot {
				f.TargetOnDemandCapacity, f.TargetSpotCapacity = nil, new(int32(1))
				f.LaunchSpecifications = &types.InstanceFleetProvisioningSpecifications{
					SpotSpecification: &types.SpotProvisioningSpecification{TimeoutAction: tt.action, TimeoutDurationMinutes: new(int32(5))},
				}
			}
			id := st.run(in)
			if strings.Contains(tt.want, "_") && !strings.Contains(tt.want, " ") {
				c := st.awaitCluster(id, types.ClusterStateTerminatedWithErrors)
				unsupported := tt.fault.Kind == "unsupportedType"
				detail := "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ"
				if unsupported {
					detail = "VALIDATION_ERROR_INSTANCE_TYPE_NOT_SUPPORTED"
				}
				if string(c.Status.StateChangeReason.Code) != tt.want || *c.Status.ErrorDetails[0].ErrorCode != detail {
					t.Errorf("status: %+v", c.Status)
				}
				if unsupported {
					return
				}
				st.eventually("the shortage has an event", func() bool {
					e, ok := st.bus.find("EMR Instance Fleet Provisioning", "CREATING")
					return ok && e.detail["eventCode"] == "EC2 provisioning - Insufficient Instance Capacity"
				})
				return
			}
			c := st.awaitCluster(id, types.ClusterStateWaiting)
			i := st.instances(emr.ListInstancesInput{ClusterId: &id})[0]
			if got := fmt.Sprint(*i.InstanceType, " ", *c.Ec2InstanceAttributes.Ec2SubnetId, " ", i.Market); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestCapacityOfAGroup(t *testing.T) {
	t.Parallel()
	st := begin(t, faults(localemr.Fault{Kind: "capacity", InstanceType: "m5.xlarge", Count: 1}))
	in := request("group")
	in.Instances.InstanceFleets = nil
	in.Instances.MasterInstanceType, in.Instances.InstanceCount = new("m5.xlarge"), new(int32(1))
	c := st.awaitCluster(st.run(in), types.ClusterStateTerminatedWithErrors)
	if c.Status.StateChangeReason.Code != types.ClusterStateChangeReasonCodeInternalError {
		t.Errorf("reason: %s", c.Status.StateChangeReason.Code)
	}
	st.awaitCluster(st.run(in), types.ClusterStateWaiting) // the count is used up
}

func TestProvisioningFaults(t *testing.T) {
	t.Parallel()
	st := begin(t, faults(
		localemr.Fault{Kind: "provisionStuck", Cluster: "stuck"},
		localemr.Fault{Kind: "provisionSlow", Cluster: "slow", Delay: localemr.Duration(60 * time.Millisecond)},
	))
	stuck := st.run(request("stuck"))
	c := st.awaitCluster(st.run(request("slow")), types.ClusterStateWaiting)
	if took := c.Status.Timeline.ReadyDateTime.Sub(*c.Status.Timeline.CreationDateTime); took < 55*time.Millisecond {
		t.Errorf("slow took %s", took)
	}
	if got := st.cluster(stuck).Status.State; got != types.ClusterStateStarting {
		t.Errorf("stuck is %s", got)
	}
}

func TestInstanceFailure(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]types.StepState{"": "INTERRUPTED", "FAILED": "FAILED", "CANCELLED": "CANCELLED"} {
		t.Run("step "+string(want), func(t *testing.T) {
			t.Parallel()
			st := begin(t, faults(localemr.Fault{Kind: "instanceFailure", Step: "long", State: state, Delay: localemr.Duration(20 * time.Millisecond)}))
			id := st.run(request("dies", bash("long", "sleep 1000"), bash("later", "true")))
			c := st.awaitCluster(id, types.ClusterStateTerminatedWithErrors)
			if c.Status.StateChangeReason.Code != types.ClusterStateChangeReasonCodeInstanceFailure {
				t.Errorf("reason: %s", c.Status.StateChangeReason.Code)
			}
			if diff := cmp.Diff([]types.StepState{want, types.StepStateCancelled}, stepStates(st.steps(id))); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStepFaults(t *testing.T) {
	t.Parallel()
	st := begin(t, faults(
		localemr.Fault{Kind: "stepKilled", Step: "killed", Count: 1},
		localemr.Fault{Kind: "failureDetails", Step: "empty"},
		localemr.Fault{Kind: "failureDetails", Step: "late", Delay: localemr.Duration(50 * time.Millisecond)},
		localemr.Fault{Kind: "logsLate", Step: "late", Delay: localemr.Duration(50 * time.Millisecond)},
	))
	id := st.run(request("steps", bash("killed", "sleep 1000"), bash("empty", "false"), bash("late", "false")))
	st.awaitCluster(id, types.ClusterStateWaiting)
	steps := st.steps(id)
	killed, none, late := steps[0], steps[1], steps[2]
	if killed.Status.State != types.StepStateFailed {
		t.Errorf("killed step is %s", killed.Status.State)
	}
	if none.Status.FailureDetails != nil {
		t.Errorf("details: %+v", none.Status.FailureDetails)
	}
	if late.Status.FailureDetails == nil {
		st.eventually("the details are there", func() bool { return st.step(id, *late.Id).Status.FailureDetails != nil })
	}
	st.eventually("the log is there", func() bool { return st.s3.has("s3://logs/emr/" + id + "/steps/" + *late.Id + "/stderr.gz") })
}

func TestEventFaults(t *testing.T) {
	t.Parallel()
	const kind = "EMR Cluster State Change"
	for _, tt := range []struct {
		name  string
		fault localemr.Fault
		want  []string
	}{
		{"lost", localemr.Fault{Kind: "eventLost", Event: "EMR Cluster*", State: "RUNNING"}, []string{"STARTING", "WAITING", "TERMINATED"}},
		{"doubled", localemr.Fault{Kind: "eventDoubled", State: "WAITING", Cluster: "events"}, []string{"STARTING", "RUNNING", "WAITING", "WAITING", "TERMINATED"}},
		{"reordered", localemr.Fault{Kind: "eventReordered", State: "STARTING"}, []string{"RUNNING", "STARTING", "WAITING", "TERMINATED"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := begin(t, faults(tt.fault))
			id := st.run(request("events"))
			st.awaitCluster(id, types.ClusterStateWaiting)
			st.terminate(id)
			st.eventually("all events are there", func() bool { return len(st.bus.states(kind)) >= len(tt.want) })
			if diff := cmp.Diff(tt.want, st.bus.states(kind)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDelayedEvent(t *testing.T) {
	t.Parallel()
	const delay = 100 * time.Millisecond
	st := begin(t, faults(localemr.Fault{Kind: "eventDelayed", State: "RUNNING", Delay: localemr.Duration(delay)}))
	began := time.Now()
	st.run(request("late"))
	st.eventually("RUNNING has an event", func() bool {
		_, ok := st.bus.find("EMR Cluster State Change", "RUNNING")
		return ok
	})
	if took := time.Since(began); took < delay {
		t.Errorf("event after %s", took)
	}
}

func TestFaultsByNameOfTheRequest(t *testing.T) {
	t.Parallel()
	st := begin(t, faults(
		localemr.Fault{Kind: "throttle", Op: "RunJobFlow", Cluster: "bad*"},
		localemr.Fault{Kind: "throttle", Op: "AddJobFlowSteps", Step: "bad#1"},
	))
	_, err := st.emr.RunJobFlow(t.Context(), request("bad-1"))
	wants(t, err, "ThrottlingException: Rate exceeded")
	id := st.run(request("good"))
	_, err = st.emr.AddJobFlowSteps(t.Context(), &emr.AddJobFlowStepsInput{JobFlowId: &id, Steps: []types.StepConfig{bash("bad#1", "true")}})
	wants(t, err, "ThrottlingException: Rate exceeded")
	st.add(id, bash("bad#2", "true"))
}

func TestChanceFollowsTheSeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64) string {
		st := begin(t, faults(localemr.Fault{Kind: "throttle", Chance: 0.5}), func(c *localemr.Config) { c.Settings.Seed = seed })
		var results strings.Builder
		for range 40 {
			_, err := st.emr.ListClusters(t.Context(), &emr.ListClustersInput{})
			fmt.Fprint(&results, err == nil, " ")
		}
		return results.String()
	}
	first, again := draw(7), draw(7)
	if first != again {
		t.Error("the same seed gave two results")
	}
	if first == draw(8) || !strings.Contains(first, "true") || !strings.Contains(first, "false") {
		t.Errorf("chance does not depend on the seed: %s", first)
	}
}

func TestReadFaults(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`[{"kind":"provisionSlow","cluster":"a*","count":2,"delay":"1m30s"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := localemr.ReadFaults(file)
	want := []localemr.Fault{{Kind: "provisionSlow", Cluster: "a*", Count: 2, Delay: localemr.Duration(90 * time.Second)}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := localemr.ReadFaults(file + ".missing"); err == nil {
		t.Error("a missing file is no error")
	}
}
