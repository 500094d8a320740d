package emrbehaviour_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

func (w *world) fleets(id string) []types.InstanceFleet {
	w.t.Helper()
	out, err := w.ListInstanceFleets(w.t.Context(), &emr.ListInstanceFleetsInput{ClusterId: &id})
	w.must(err)
	return out.InstanceFleets
}

// sizes formats the capacity of fleets, On-Demand and Spot, and their targets.
func (w *world) sizes(id string) string {
	w.t.Helper()
	var all []string
	for _, f := range w.fleets(id) {
		all = append(all, fmt.Sprintf("%s %d+%d/%d+%d %s", f.InstanceFleetType, *f.ProvisionedOnDemandCapacity, *f.ProvisionedSpotCapacity,
			*f.TargetOnDemandCapacity, *f.TargetSpotCapacity, f.Status.State))
	}
	return strings.Join(all, ", ")
}

func (w *world) awaitSizes(id, want string) string {
	w.t.Helper()
	until(w.t, w.emulation, "the fleets are "+want, func() bool { return w.sizes(id) == want })
	return want
}

func (w *world) modify(id, fleet string, onDemand, spot *int32) error {
	_, err := w.ModifyInstanceFleet(w.t.Context(), &emr.ModifyInstanceFleetInput{ClusterId: &id, InstanceFleet: &types.InstanceFleetModifyConfig{
		InstanceFleetId: &fleet, TargetOnDemandCapacity: onDemand, TargetSpotCapacity: spot,
	}})
	return err
}

func (w *world) addFleet(id string, f types.InstanceFleetConfig) error {
	_, err := w.AddInstanceFleet(w.t.Context(), &emr.AddInstanceFleetInput{ClusterId: &id, InstanceFleet: &f})
	return err
}

func TestFleets(t *testing.T) {
	t.Parallel()
	check(t, []behaviour{
		{
			name: "provisioned and terminated with the cluster",
			do: func(w *world) []string {
				id := w.run(func(in *emr.RunJobFlowInput) {
					in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, fleet(types.InstanceFleetTypeTask, 1, 2))
				})
				w.await(id, "WAITING")
				up := w.sizes(id)
				w.must(w.terminate(id))
				w.await(id, "TERMINATED")
				return []string{up, w.sizes(id)}
			},
			want: []string{
				"MASTER 1+0/1+0 RUNNING, CORE 1+0/1+0 RUNNING, TASK 1+2/1+2 RUNNING",
				"MASTER 0+0/1+0 TERMINATED, CORE 0+0/1+0 TERMINATED, TASK 0+0/1+2 TERMINATED",
			},
		},
		{
			name: "resized, also during a resize",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				core := *w.fleets(id)[1].Id
				w.must(w.modify(id, core, new(int32(5)), new(int32(0))))
				w.must(w.modify(id, core, new(int32(2)), new(int32(3))))
				grown := w.awaitSizes(id, "MASTER 1+0/1+0 RUNNING, CORE 2+3/2+3 RUNNING")
				w.must(w.modify(id, core, new(int32(1)), new(int32(0))))
				return []string{grown, w.awaitSizes(id, "MASTER 1+0/1+0 RUNNING, CORE 1+0/1+0 RUNNING")}
			},
			want: []string{"MASTER 1+0/1+0 RUNNING, CORE 2+3/2+3 RUNNING", "MASTER 1+0/1+0 RUNNING, CORE 1+0/1+0 RUNNING"},
		},
		{
			name: "states during a resize",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				w.hold()
				w.must(w.modify(id, *w.fleets(id)[1].Id, new(int32(5)), new(int32(0))))
				w.must(w.addFleet(id, fleet(types.InstanceFleetTypeTask, 0, 2)))
				return []string{w.sizes(id)}
			},
			want: []string{"MASTER 1+0/1+0 RUNNING, CORE 1+0/5+0 RESIZING, TASK 0+0/0+2 PROVISIONING"},
		},
		{
			name: "a cluster that is not ready cannot be resized",
			set:  settings{stuck: true},
			do: func(w *world) []string {
				id := w.run()
				return []string{
					answer(w.modify(id, *w.fleets(id)[1].Id, new(int32(5)), new(int32(0)))),
					answer(w.addFleet(id, fleet(types.InstanceFleetTypeTask, 0, 2))),
				}
			},
			want: []string{
				"InvalidRequestException: An instance fleet may only be modified when the cluster is running or waiting. (client fault)",
				"InvalidRequestException: An instance fleet may only be added when the cluster is running or waiting. (client fault)",
			},
		},
		{
			name: "a task fleet is added and emptied",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				w.must(w.addFleet(id, fleet(types.InstanceFleetTypeTask, 0, 2)))
				added := w.awaitSizes(id, "MASTER 1+0/1+0 RUNNING, CORE 1+0/1+0 RUNNING, TASK 0+2/0+2 RUNNING")
				w.must(w.modify(id, *w.fleets(id)[2].Id, new(int32(0)), new(int32(0))))
				return []string{added, w.awaitSizes(id, "MASTER 1+0/1+0 RUNNING, CORE 1+0/1+0 RUNNING, TASK 0+0/0+0 RUNNING")}
			},
			want: []string{
				"MASTER 1+0/1+0 RUNNING, CORE 1+0/1+0 RUNNING, TASK 0+2/0+2 RUNNING",
				"MASTER 1+0/1+0 RUNNING, CORE 1+0/1+0 RUNNING, TASK 0+0/0+0 RUNNING",
			},
		},
		{
			name: "a resize without capacity is suspended",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				task := fleet(types.InstanceFleetTypeTask, 2, 0)
				task.InstanceTypeConfigs[0].InstanceType = new(scarce)
				w.must(w.addFleet(id, task))
				return []string{
					w.awaitSizes(id, "MASTER 1+0/1+0 RUNNING, CORE 1+0/1+0 RUNNING, TASK 0+0/2+0 SUSPENDED"), w.await(id, "WAITING"),
					fmt.Sprint(*w.fleets(id)[2].Status.StateChangeReason.Message),
				}
			},
			want: []string{
				"MASTER 1+0/1+0 RUNNING, CORE 1+0/1+0 RUNNING, TASK 0+0/2+0 SUSPENDED", "WAITING",
				"insufficient On-Demand capacity for instance type(s) [m9.scarce].",
			},
		},
		{
			name: "managed scaling policy",
			do: func(w *world) []string {
				id := w.run()
				w.await(id, "WAITING")
				get := func() string {
					out, err := w.GetManagedScalingPolicy(w.t.Context(), &emr.GetManagedScalingPolicyInput{ClusterId: &id})
					w.must(err)
					if out.ManagedScalingPolicy == nil {
						return "none"
					}
					l := out.ManagedScalingPolicy.ComputeLimits
					return fmt.Sprintf("%s %d to %d", l.UnitType, *l.MinimumCapacityUnits, *l.MaximumCapacityUnits)
				}
				before := get()
				return []string{before, answer(w.limits(id, "InstanceFleetUnits", 1, 3)), get()}
			},
			want: []string{"none", "ok", "InstanceFleetUnits 1 to 3"},
		},
	})
}

func (w *world) limits(id string, unit types.ComputeLimitsUnitType, low, high int32) error {
	_, err := w.PutManagedScalingPolicy(w.t.Context(), &emr.PutManagedScalingPolicyInput{ClusterId: &id, ManagedScalingPolicy: &types.ManagedScalingPolicy{
		ComputeLimits: &types.ComputeLimits{UnitType: unit, MinimumCapacityUnits: &low, MaximumCapacityUnits: &high},
	}})
	return err
}
