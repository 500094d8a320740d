package localemr_test

import (
	"net"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"
)

func (st *stand) instances(in emr.ListInstancesInput) []types.Instance {
	st.t.Helper()
	out, err := st.emr.ListInstances(st.t.Context(), &in)
	if err != nil {
		st.t.Fatal(err)
	}
	return out.Instances
}

func TestFleets(t *testing.T) {
	t.Parallel()
	st := begin(t)
	in := request("fleets")
	in.Instances.Ec2SubnetIds = []string{"subnet-1", "subnet-2"}
	in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, types.InstanceFleetConfig{
		InstanceFleetType: types.InstanceFleetTypeCore, Name: new("workers"), TargetOnDemandCapacity: new(int32(4)), TargetSpotCapacity: new(int32(3)),
		InstanceTypeConfigs: []types.InstanceTypeConfig{{InstanceType: new("m5.2xlarge"), WeightedCapacity: new(int32(2))}},
		LaunchSpecifications: &types.InstanceFleetProvisioningSpecifications{SpotSpecification: &types.SpotProvisioningSpecification{
			TimeoutAction: "SWITCH_TO_ON_DEMAND", TimeoutDurationMinutes: new(int32(5)), AllocationStrategy: "price-capacity-optimized",
		}},
	})
	id := st.run(in)
	c := st.awaitCluster(id, types.ClusterStateWaiting)
	if !strings.HasPrefix(*c.Ec2InstanceAttributes.Ec2SubnetId, "subnet-") || len(c.Ec2InstanceAttributes.RequestedEc2SubnetIds) != 2 {
		t.Errorf("subnets: %+v", c.Ec2InstanceAttributes)
	}
	out, err := st.emr.ListInstanceFleets(t.Context(), &emr.ListInstanceFleetsInput{ClusterId: &id})
	if err != nil {
		t.Fatal(err)
	}
	core := out.InstanceFleets[1]
	if *core.ProvisionedOnDemandCapacity != 4 || *core.ProvisionedSpotCapacity != 4 || core.Status.State != types.InstanceFleetStateRunning {
		t.Errorf("core fleet: %+v", core)
	}
	if got := len(st.instances(emr.ListInstancesInput{ClusterId: &id})); got != 5 {
		t.Errorf("%d instances, want 1 + 2 on demand + 2 spot", got)
	}
	primary := st.instances(emr.ListInstancesInput{ClusterId: &id, InstanceFleetType: types.InstanceFleetTypeMaster})
	if len(primary) != 1 || *primary[0].PublicDnsName != *c.MasterPublicDnsName || !strings.HasPrefix(*primary[0].Ec2InstanceId, "i-") {
		t.Errorf("primary: %+v", primary)
	}
	st.shrinkFleet(id, core.Id)
}

func (st *stand) shrinkFleet(id string, fleet *string) {
	st.t.Helper()
	if _, err := st.emr.ModifyInstanceFleet(st.t.Context(), &emr.ModifyInstanceFleetInput{
		ClusterId: &id, InstanceFleet: &types.InstanceFleetModifyConfig{
			InstanceFleetId: fleet, TargetOnDemandCapacity: new(int32(2)), TargetSpotCapacity: new(int32(0)),
		},
	}); err != nil {
		st.t.Fatal(err)
	}
	st.eventually("the fleet has shrunk", func() bool {
		return len(st.instances(emr.ListInstancesInput{ClusterId: &id, InstanceStates: []types.InstanceState{"RUNNING"}})) == 2
	})
}

func TestGroups(t *testing.T) {
	t.Parallel()
	st := begin(t)
	in := request("groups")
	in.Instances.InstanceFleets = nil
	in.Instances.MasterInstanceType, in.Instances.SlaveInstanceType, in.Instances.InstanceCount = new("m5.xlarge"), new("m5.large"), new(int32(3))
	id := st.run(in)
	st.awaitCluster(id, types.ClusterStateWaiting)
	groups := func() []types.InstanceGroup {
		out, err := st.emr.ListInstanceGroups(t.Context(), &emr.ListInstanceGroupsInput{ClusterId: &id})
		if err != nil {
			t.Fatal(err)
		}
		return out.InstanceGroups
	}
	core := groups()[1]
	if core.InstanceGroupType != types.InstanceGroupTypeCore || *core.RunningInstanceCount != 2 || *core.InstanceType != "m5.large" {
		t.Errorf("core group: %+v", core)
	}
	st.terminate(id)
	st.awaitCluster(id, types.ClusterStateTerminated)
	if *groups()[1].RunningInstanceCount != 0 {
		t.Error("instances outlive the cluster")
	}
	_, err := st.emr.ListInstanceFleets(t.Context(), &emr.ListInstanceFleetsInput{ClusterId: &id})
	wants(t, err, "InvalidRequestException: Instance groups and instance fleets are mutually exclusive.*")
}

func TestTags(t *testing.T) {
	t.Parallel()
	st := begin(t)
	in := request("tags")
	in.Tags = []types.Tag{{Key: new("a"), Value: new("1")}, {Key: new("b"), Value: new("2")}}
	id := st.run(in)
	if _, err := st.emr.AddTags(t.Context(), &emr.AddTagsInput{ResourceId: &id, Tags: []types.Tag{{Key: new("b"), Value: new("3")}, {Key: new("c"), Value: new("")}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := st.emr.RemoveTags(t.Context(), &emr.RemoveTagsInput{ResourceId: &id, TagKeys: []string{"a", "unknown"}}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, tag := range st.cluster(id).Tags {
		got[*tag.Key] = *tag.Value
	}
	if diff := cmp.Diff(map[string]string{"b": "3", "c": ""}, got); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	st := begin(t)
	id := st.run(request("policies"))
	ctx, c := t.Context(), st.emr
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.PutAutoTerminationPolicy(ctx, &emr.PutAutoTerminationPolicyInput{ClusterId: &id, AutoTerminationPolicy: &types.AutoTerminationPolicy{IdleTimeout: new(int64(604_800))}}))
	auto, err := c.GetAutoTerminationPolicy(ctx, &emr.GetAutoTerminationPolicyInput{ClusterId: &id})
	must(auto, err)
	if *auto.AutoTerminationPolicy.IdleTimeout != 604_800 {
		t.Errorf("auto-termination: %+v", auto.AutoTerminationPolicy)
	}
	must(c.RemoveAutoTerminationPolicy(ctx, &emr.RemoveAutoTerminationPolicyInput{ClusterId: &id}))
	auto, err = c.GetAutoTerminationPolicy(ctx, &emr.GetAutoTerminationPolicyInput{ClusterId: &id})
	must(auto, err)
	if auto.AutoTerminationPolicy != nil {
		t.Error("the auto-termination policy was not removed")
	}
	limits := &types.ComputeLimits{UnitType: "InstanceFleetUnits", MinimumCapacityUnits: new(int32(2)), MaximumCapacityUnits: new(int32(10))}
	must(c.PutManagedScalingPolicy(ctx, &emr.PutManagedScalingPolicyInput{ClusterId: &id, ManagedScalingPolicy: &types.ManagedScalingPolicy{ComputeLimits: limits}}))
	scaling, err := c.GetManagedScalingPolicy(ctx, &emr.GetManagedScalingPolicyInput{ClusterId: &id})
	must(scaling, err)
	if *scaling.ManagedScalingPolicy.ComputeLimits.MaximumCapacityUnits != 10 {
		t.Errorf("managed scaling: %+v", scaling.ManagedScalingPolicy)
	}
	must(c.RemoveManagedScalingPolicy(ctx, &emr.RemoveManagedScalingPolicyInput{ClusterId: &id}))
	scaling, err = c.GetManagedScalingPolicy(ctx, &emr.GetManagedScalingPolicyInput{ClusterId: &id})
	must(scaling, err)
	if scaling.ManagedScalingPolicy != nil {
		t.Error("the managed scaling policy was not removed")
	}
	for _, protected := range []bool{true, false} {
		must(c.SetTerminationProtection(ctx, &emr.SetTerminationProtectionInput{JobFlowIds: []string{id}, TerminationProtected: &protected}))
		if got := *st.cluster(id).TerminationProtected; got != protected {
			t.Errorf("protected is %t, want %t", got, protected)
		}
	}
}

// The address of a cluster leads to where its steps run.
func TestPrimaryCanBeReached(t *testing.T) {
	t.Parallel()
	st := begin(t)
	in := request("reached")
	in.Applications = []types.Application{{Name: new("Spark")}, {Name: new("Hive")}}
	c := st.awaitCluster(st.run(in), types.ClusterStateWaiting)
	if _, err := net.DefaultResolver.LookupHost(t.Context(), *c.MasterPublicDnsName); err != nil {
		t.Error(err)
	}
	if len(c.Applications) != 2 || *c.Applications[1].Name != "Hive" {
		t.Errorf("applications %+v", c.Applications)
	}
}
