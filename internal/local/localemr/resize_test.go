package localemr_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/local/localemr"
)

func fleetOf(kind types.InstanceFleetType, onDemand, spot int32) types.InstanceFleetConfig {
	return types.InstanceFleetConfig{
		InstanceFleetType: kind, TargetOnDemandCapacity: &onDemand, TargetSpotCapacity: &spot,
		InstanceTypeConfigs: []types.InstanceTypeConfig{{InstanceType: new("m5.xlarge")}},
	}
}

// withCore is request with a core fleet of one unit.
func withCore(name string) *emr.RunJobFlowInput {
	in := request(name)
	in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, fleetOf(types.InstanceFleetTypeCore, 1, 0))
	return in
}

// withGroups is request with groups: a primary and, unless alone, two core
// instances.
func withGroups(name string, alone bool) *emr.RunJobFlowInput {
	in := request(name)
	in.Instances.InstanceFleets, in.Instances.MasterInstanceType = nil, new("m5.xlarge")
	in.Instances.InstanceCount = new(int32(3))
	if alone {
		in.Instances.InstanceCount = new(int32(1))
	}
	return in
}

func slowly(c *localemr.Config) { c.Settings.Provision = localemr.Duration(30 * time.Millisecond) }

func (st *stand) fleets(id string) map[types.InstanceFleetType]types.InstanceFleet {
	st.t.Helper()
	out, err := st.emr.ListInstanceFleets(st.t.Context(), &emr.ListInstanceFleetsInput{ClusterId: &id})
	if err != nil {
		st.t.Fatal(err)
	}
	all := map[types.InstanceFleetType]types.InstanceFleet{}
	for _, f := range out.InstanceFleets {
		all[f.InstanceFleetType] = f
	}
	return all
}

func (st *stand) modifyFleet(id string, fleet *string, onDemand, spot *int32) error {
	_, err := st.emr.ModifyInstanceFleet(st.t.Context(), &emr.ModifyInstanceFleetInput{
		ClusterId: &id, InstanceFleet: &types.InstanceFleetModifyConfig{
			InstanceFleetId: fleet, TargetOnDemandCapacity: onDemand, TargetSpotCapacity: spot,
		},
	})
	return err
}

func (st *stand) addFleet(id string, f types.InstanceFleetConfig) (*string, error) {
	out, err := st.emr.AddInstanceFleet(st.t.Context(), &emr.AddInstanceFleetInput{ClusterId: &id, InstanceFleet: &f})
	if err != nil {
		return nil, err
	}
	return out.InstanceFleetId, nil
}

// awaitFleet waits for a fleet to have what is written as "1+2 RUNNING": on
// demand and Spot units, state.
func (st *stand) awaitFleet(id string, kind types.InstanceFleetType, want string) types.InstanceFleet {
	st.t.Helper()
	var f types.InstanceFleet
	st.eventually(string(kind)+" is "+want, func() bool {
		var ok bool
		if f, ok = st.fleets(id)[kind]; !ok {
			return false
		}
		return want == fmt.Sprintf("%d+%d %s", *f.ProvisionedOnDemandCapacity, *f.ProvisionedSpotCapacity, f.Status.State)
	})
	return f
}

// A fleet is RESIZING for a while; a newer target takes the place of an older one.
func TestResizeFleet(t *testing.T) {
	t.Parallel()
	st := begin(t, slowly)
	id := st.run(withCore("resized"))
	core := st.fleets(id)[types.InstanceFleetTypeCore].Id
	wants(t, st.modifyFleet(id, core, new(int32(2)), new(int32(0))),
		"InvalidRequestException: An instance fleet may only be modified when the cluster is running or waiting.")
	st.awaitCluster(id, types.ClusterStateWaiting)
	for _, target := range []int32{5, 3} {
		if err := st.modifyFleet(id, core, &target, new(int32(1))); err != nil {
			t.Fatal(err)
		}
		if f := st.fleets(id)[types.InstanceFleetTypeCore]; f.Status.State != types.InstanceFleetStateResizing || *f.TargetOnDemandCapacity != target {
			t.Errorf("after the call: %s, target %d", f.Status.State, *f.TargetOnDemandCapacity)
		}
	}
	st.awaitFleet(id, types.InstanceFleetTypeCore, "3+1 RUNNING")
	wants(t, st.modifyFleet(id, core, new(int32(2)), nil),
		"InvalidRequestException: The instance fleet ("+*core+") should have both targetOnDemandCapacity and targetSpotCapacity specified.")
	wants(t, st.modifyFleet(id, core, new(int32(0)), new(int32(0))), "InvalidRequestException: The core instance fleet has an invalid target capacity.")
	wants(t, st.modifyFleet(id, st.fleets(id)[types.InstanceFleetTypeMaster].Id, new(int32(2)), new(int32(0))),
		"InvalidRequestException: A master instance fleet may not be resized.")
}

func TestAddTaskFleet(t *testing.T) {
	t.Parallel()
	st := begin(t, slowly)
	alone, id := st.run(request("alone")), st.run(withCore("grows"))
	task := fleetOf(types.InstanceFleetTypeTask, 0, 2)
	_, err := st.addFleet(id, task)
	wants(t, err, "InvalidRequestException: An instance fleet may only be added when the cluster is running or waiting.")
	st.awaitCluster(alone, types.ClusterStateWaiting)
	st.awaitCluster(id, types.ClusterStateWaiting)
	_, err = st.addFleet(alone, task)
	wants(t, err, "InvalidRequestException: Clusters with task instance fleets must also define core instance fleets.")
	_, err = st.addFleet(id, fleetOf(types.InstanceFleetTypeCore, 1, 0))
	wants(t, err, "InvalidRequestException: Only a task instance fleet can be added to a running cluster.")
	_, err = st.addFleet(id, fleetOf(types.InstanceFleetTypeTask, 0, 0))
	wants(t, err, "InvalidRequestException: The instance fleet (null) should have a value of one or greater*")

	fleet, err := st.addFleet(id, task)
	if err != nil || !strings.HasPrefix(*fleet, "if-") {
		t.Fatalf("got %v, %v", fleet, err)
	}
	if f := st.fleets(id)[types.InstanceFleetTypeTask]; f.Status.State != types.InstanceFleetStateProvisioning {
		t.Errorf("after the call: %s", f.Status.State)
	}
	st.awaitFleet(id, types.InstanceFleetTypeTask, "0+2 RUNNING")
	_, err = st.addFleet(id, task)
	wants(t, err, "InvalidRequestException: The cluster "+id+" already has a task instance fleet.")
	if err := st.modifyFleet(id, fleet, new(int32(0)), new(int32(0))); err != nil {
		t.Fatal(err)
	}
	st.awaitFleet(id, types.InstanceFleetTypeTask, "0+0 RUNNING")
}

// What EC2 does not have suspends a fleet; it keeps what it has, and grows when
// it is asked again.
func TestResizeWithoutCapacity(t *testing.T) {
	t.Parallel()
	st := begin(t)
	id := st.run(withCore("short"))
	st.awaitCluster(id, types.ClusterStateWaiting)
	st.admin("POST", "faults", []localemr.Fault{{Kind: "capacity", InstanceType: "m5.*", Count: 1}}, nil)
	core := st.fleets(id)[types.InstanceFleetTypeCore].Id
	if err := st.modifyFleet(id, core, new(int32(3)), new(int32(0))); err != nil {
		t.Fatal(err)
	}
	f := st.awaitFleet(id, types.InstanceFleetTypeCore, "1+0 SUSPENDED")
	if got, want := *f.Status.StateChangeReason.Message, "insufficient On-Demand capacity for instance type(s) [m5.xlarge]."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	st.eventually("the shortage is told", func() bool {
		return slices.Contains(st.bus.states("EMR Instance Fleet Provisioning"), "RESIZING")
	})
	if err := st.modifyFleet(id, core, new(int32(3)), new(int32(0))); err != nil {
		t.Fatal(err)
	}
	st.awaitFleet(id, types.InstanceFleetTypeCore, "3+0 RUNNING")
}

func TestAddTaskGroups(t *testing.T) {
	t.Parallel()
	st := begin(t)
	alone, id := st.run(withGroups("alone", true)), st.run(withGroups("groups", false))
	fleets := st.run(withCore("fleets"))
	for _, c := range []string{alone, id, fleets} {
		st.awaitCluster(c, types.ClusterStateWaiting)
	}
	add := func(id string, role types.InstanceRoleType, n int32) error {
		_, err := st.emr.AddInstanceGroups(t.Context(), &emr.AddInstanceGroupsInput{JobFlowId: &id, InstanceGroups: []types.InstanceGroupConfig{
			{InstanceRole: role, InstanceType: new("m5.large"), InstanceCount: &n},
		}})
		return err
	}
	wants(t, add(alone, types.InstanceRoleTypeTask, 1), "ValidationException: Clusters with task nodes must also define core nodes.")
	wants(t, add(id, types.InstanceRoleTypeCore, 1), "ValidationException: Only task instance groups can be added to a running cluster.")
	wants(t, add(fleets, types.InstanceRoleTypeTask, 1), "InvalidRequestException: Instance fleets and instance groups are mutually exclusive.*")
	_, err := st.addFleet(id, fleetOf(types.InstanceFleetTypeTask, 1, 0))
	wants(t, err, "InvalidRequestException: Instance groups and instance fleets are mutually exclusive.*")

	st.admin("POST", "faults", []localemr.Fault{{Kind: "capacity", InstanceType: "m5.large", Count: 1}}, nil)
	task := func() types.InstanceGroup {
		out, err := st.emr.ListInstanceGroups(t.Context(), &emr.ListInstanceGroupsInput{ClusterId: &id})
		if err != nil {
			t.Fatal(err)
		}
		return out.InstanceGroups[len(out.InstanceGroups)-1]
	}
	if err := add(id, types.InstanceRoleTypeTask, 2); err != nil {
		t.Fatal(err)
	}
	st.eventually("the group is arrested", func() bool { return task().Status.State == types.InstanceGroupStateArrested })
	if _, err := st.emr.ModifyInstanceGroups(t.Context(), &emr.ModifyInstanceGroupsInput{
		InstanceGroups: []types.InstanceGroupModifyConfig{{InstanceGroupId: task().Id, InstanceCount: new(int32(2))}},
	}); err != nil {
		t.Fatal(err)
	}
	st.eventually("the group has its size", func() bool {
		g := task()
		return *g.RunningInstanceCount == 2 && g.Status.State == types.InstanceGroupStateRunning
	})
}

// Under managed scaling a cluster wants a unit for each step, within the limits.
func TestManagedScaling(t *testing.T) {
	t.Parallel()
	st := begin(t)
	in := withCore("scaled")
	in.StepConcurrencyLevel = new(int32(4))
	in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, fleetOf(types.InstanceFleetTypeTask, 1, 0))
	id := st.run(in)
	st.awaitCluster(id, types.ClusterStateWaiting)
	put := func(unit types.ComputeLimitsUnitType, low, high, core, onDemand int32) error {
		_, err := st.emr.PutManagedScalingPolicy(t.Context(), &emr.PutManagedScalingPolicyInput{
			ClusterId: &id, ManagedScalingPolicy: &types.ManagedScalingPolicy{ComputeLimits: &types.ComputeLimits{
				UnitType: unit, MinimumCapacityUnits: &low, MaximumCapacityUnits: &high, MaximumCoreCapacityUnits: &core, MaximumOnDemandCapacityUnits: &onDemand,
			}},
		})
		return err
	}
	wants(t, put("Instances", 1, 2, 1, 1), "ValidationException: The unit type Instances cannot be used with this cluster's instance collection type.")
	wants(t, put("InstanceFleetUnits", 1, 2, 3, 1), "ValidationException: MaximumCoreCapacityUnits and MaximumOnDemandCapacityUnits must not be greater*")
	wants(t, put("InstanceFleetUnits", 3, 2, 1, 1), "ValidationException: MaximumCapacityUnits must be greater than or equal*")

	if err := put("InstanceFleetUnits", 3, 5, 2, 3); err != nil {
		t.Fatal(err)
	}
	st.awaitFleet(id, types.InstanceFleetTypeCore, "2+0 RUNNING") // the minimum of 3, core first
	st.awaitFleet(id, types.InstanceFleetTypeTask, "1+0 RUNNING")
	ids := st.add(id, bash("a", "sleep 600"), bash("b", "sleep 600"), bash("c", "sleep 600"), bash("d", "sleep 600"), bash("e", "sleep 600"), bash("f", "sleep 600"))
	st.awaitFleet(id, types.InstanceFleetTypeTask, "1+2 RUNNING") // six steps, no more than 5 units, three of them on demand
	st.awaitFleet(id, types.InstanceFleetTypeCore, "2+0 RUNNING")
	if _, err := st.emr.CancelSteps(t.Context(), &emr.CancelStepsInput{ClusterId: &id, StepIds: ids, StepCancellationOption: "TERMINATE_PROCESS"}); err != nil {
		t.Fatal(err)
	}
	st.awaitFleet(id, types.InstanceFleetTypeTask, "1+0 RUNNING") // Spot goes first
	if err := put("InstanceFleetUnits", 1, 1, 1, 1); err != nil {
		t.Fatal(err)
	}
	st.awaitFleet(id, types.InstanceFleetTypeTask, "0+0 RUNNING")
	st.awaitFleet(id, types.InstanceFleetTypeCore, "1+0 RUNNING")
	st.terminate(id)
	wants(t, put("InstanceFleetUnits", 1, 2, 1, 1), "ValidationException: "+notModifiable)

	old := withCore("old")
	old.ReleaseLabel = new("emr-5.29.0")
	old.ManagedScalingPolicy = &types.ManagedScalingPolicy{ComputeLimits: &types.ComputeLimits{
		UnitType: "InstanceFleetUnits", MinimumCapacityUnits: new(int32(1)), MaximumCapacityUnits: new(int32(2)),
	}}
	_, err := st.emr.RunJobFlow(t.Context(), old)
	wants(t, err, "ValidationException: Managed scaling is not supported for release emr-5.29.0.")
}
