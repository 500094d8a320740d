package localemr_test

import (
	"fmt"
	"slices"
	"testing"

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
	st.eventually("the shortage has an event", func() bool {
		return slices.Contains(st.bus.states("EMR Instance Fleet Provisioning"), "RESIZING")
	})
	if err := st.modifyFleet(id, core, new(int32(3)), new(int32(0))); err != nil {
		t.Fatal(err)
	}
	st.awaitFleet(id, types.InstanceFleetTypeCore, "3+0 RUNNING")
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
