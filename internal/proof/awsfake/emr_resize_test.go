package awsfake_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
)

func fleet(kind types.InstanceFleetType, onDemand, spot int32) types.InstanceFleetConfig {
	return types.InstanceFleetConfig{
		InstanceFleetType: kind, TargetOnDemandCapacity: &onDemand, TargetSpotCapacity: &spot,
		InstanceTypeConfigs: []types.InstanceTypeConfig{{InstanceType: new("m5.xlarge")}},
	}
}

// fleets writes down what a cluster has: type, provisioned and wanted, state.
func fleets(f *awsfake.EMR, id string) string {
	text := ""
	for _, x := range f.Fleets(id) {
		text += fmt.Sprintf("%s %d+%d/%d+%d %s; ", x.InstanceFleetType, *x.ProvisionedOnDemandCapacity, *x.ProvisionedSpotCapacity,
			*x.TargetOnDemandCapacity, *x.TargetSpotCapacity, x.Status.State)
	}
	return text
}

func TestFleetsResize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{})
		id := runCluster(t, f, func(in *emr.RunJobFlowInput) {
			in.Instances.InstanceFleets = []types.InstanceFleetConfig{fleet("MASTER", 1, 0), fleet("CORE", 0, 2)}
		})
		modify := func(i int, onDemand, spot *int32) error {
			_, err := f.ModifyInstanceFleet(t.Context(), &emr.ModifyInstanceFleetInput{ClusterId: &id, InstanceFleet: &types.InstanceFleetModifyConfig{
				InstanceFleetId: f.Fleets(id)[i].Id, TargetOnDemandCapacity: onDemand, TargetSpotCapacity: spot,
			}})
			return err
		}
		add := func(fl types.InstanceFleetConfig) error {
			_, err := f.AddInstanceFleet(t.Context(), &emr.AddInstanceFleetInput{ClusterId: &id, InstanceFleet: &fl})
			return err
		}
		early := map[string]string{"modify": code(modify(1, new(int32(1)), new(int32(1)))), "add": code(add(fleet("TASK", 1, 0)))}
		time.Sleep(10 * time.Minute)
		refused := map[string]string{
			"early modify": early["modify"], "early add": early["add"],
			"one target": code(modify(1, new(int32(1)), nil)), "primary": code(modify(0, new(int32(2)), new(int32(0)))),
			"no core": code(modify(1, new(int32(0)), new(int32(0)))), "another core": code(add(fleet("CORE", 1, 0))), "nothing": code(add(fleet("TASK", 0, 0))),
		}
		for what, got := range refused {
			if got != "InvalidRequestException" {
				t.Errorf("%s: %s", what, got)
			}
		}
		if err := add(fleet("TASK", 0, 3)); err != nil {
			t.Fatal(err)
		}
		if got := code(add(fleet("TASK", 0, 3))); got != "InvalidRequestException" {
			t.Errorf("a second task fleet: %s", got)
		}
		var story []string
		tell := func() { story = append(story, fleets(f, id)) }
		tell()
		time.Sleep(3 * time.Minute)
		tell()
		for _, n := range []int32{5, 1} { // the newest target counts
			if err := modify(2, new(int32(0)), &n); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		tell()
		time.Sleep(3 * time.Minute)
		tell()
		f.SetCapacity("m5.xlarge", false)
		if err := modify(1, new(int32(1)), new(int32(2))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		tell()
		want := []string{
			"MASTER 1+0/1+0 RUNNING; CORE 0+2/0+2 RUNNING; TASK 0+0/0+3 PROVISIONING; ",
			"MASTER 1+0/1+0 RUNNING; CORE 0+2/0+2 RUNNING; TASK 0+3/0+3 RUNNING; ",
			"MASTER 1+0/1+0 RUNNING; CORE 0+2/0+2 RUNNING; TASK 0+3/0+1 RESIZING; ",
			"MASTER 1+0/1+0 RUNNING; CORE 0+2/0+2 RUNNING; TASK 0+1/0+1 RUNNING; ",
			"MASTER 1+0/1+0 RUNNING; CORE 0+2/1+2 SUSPENDED; TASK 0+1/0+1 RUNNING; ",
		}
		if d := cmp.Diff(want, story); d != "" {
			t.Error(d)
		}
	})
}

func TestGroupsResize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{Resizing: -1})
		id := runCluster(t, f, func(in *emr.RunJobFlowInput) {
			in.Instances.InstanceFleets = nil
			in.Instances.MasterInstanceType, in.Instances.SlaveInstanceType, in.Instances.InstanceCount = new("m5.xlarge"), new("m5.xlarge"), new(int32(3))
		})
		time.Sleep(10 * time.Minute)
		groups := func() (text string, ids []*string) {
			out, err := f.ListInstanceGroups(t.Context(), &emr.ListInstanceGroupsInput{ClusterId: &id})
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range out.InstanceGroups {
				text += fmt.Sprintf("%s %d/%d %s; ", g.InstanceGroupType, *g.RunningInstanceCount, *g.RequestedInstanceCount, g.Status.State)
				ids = append(ids, g.Id)
			}
			return text, ids
		}
		_, ids := groups()
		modify := func(i int, n int32) error {
			_, err := f.ModifyInstanceGroups(t.Context(), &emr.ModifyInstanceGroupsInput{ClusterId: &id, InstanceGroups: []types.InstanceGroupModifyConfig{{InstanceGroupId: ids[i], InstanceCount: &n}}})
			return err
		}
		add := func(role types.InstanceRoleType) error {
			_, err := f.AddInstanceGroups(t.Context(), &emr.AddInstanceGroupsInput{JobFlowId: &id, InstanceGroups: []types.InstanceGroupConfig{{InstanceRole: role, InstanceType: new("m5.large"), InstanceCount: new(int32(2))}}})
			return err
		}
		_, listed := f.ListInstanceFleets(t.Context(), &emr.ListInstanceFleetsInput{ClusterId: &id})
		got := map[string]string{"primary": code(modify(0, 2)), "no core": code(modify(1, 0)), "core again": code(add("CORE")), "fleets": code(listed)}
		want := map[string]string{"primary": "ValidationException", "no core": "ValidationException", "core again": "ValidationException", "fleets": "InvalidRequestException"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		for _, err := range []error{modify(1, 4), add("TASK")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if text, _ := groups(); text != "MASTER 1/1 RUNNING; CORE 4/4 RUNNING; TASK 2/2 RUNNING; " {
			t.Error(text)
		}
		f.Kill(id)
		if text, _ := groups(); text != "MASTER 0/1 TERMINATED; CORE 0/4 TERMINATED; TASK 0/2 TERMINATED; " {
			t.Error(text)
		}
	})
}

func TestScalingPolicyAndConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{})
		id := runCluster(t, f, nil)
		put := func(unit types.ComputeLimitsUnitType, low, high int32) error {
			_, err := f.PutManagedScalingPolicy(t.Context(), &emr.PutManagedScalingPolicyInput{ClusterId: &id, ManagedScalingPolicy: &types.ManagedScalingPolicy{
				ComputeLimits: &types.ComputeLimits{UnitType: unit, MinimumCapacityUnits: &low, MaximumCapacityUnits: &high},
			}})
			return err
		}
		steps := func(n int32) error {
			_, err := f.ModifyCluster(t.Context(), &emr.ModifyClusterInput{ClusterId: &id, StepConcurrencyLevel: &n})
			return err
		}
		got := map[string]string{
			"fits": code(put("InstanceFleetUnits", 1, 3)), "upside down": code(put("InstanceFleetUnits", 3, 1)), "none": code(put("InstanceFleetUnits", 0, 1)),
			"groups": code(put("Instances", 1, 3)), "4": code(steps(4)), "0": code(steps(0)), "257": code(steps(257)),
		}
		want := map[string]string{
			"fits": "<nil>", "upside down": "ValidationException", "none": "ValidationException", "groups": "ValidationException",
			"4": "<nil>", "0": "InvalidRequestException", "257": "InvalidRequestException",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		out, err := f.GetManagedScalingPolicy(t.Context(), &emr.GetManagedScalingPolicyInput{ClusterId: &id})
		if err != nil || *out.ManagedScalingPolicy.ComputeLimits.MaximumCapacityUnits != 3 || *f.Clusters()[0].StepConcurrencyLevel != 4 {
			t.Errorf("got %+v, %v", out, err)
		}
	})
}
