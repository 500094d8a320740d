package awsfake

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Fleets returns the instance fleets of a cluster. It is not a call.
func (f *EMR) Fleets(id string) []types.InstanceFleet {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.clusters[id]
	if c == nil {
		return nil
	}
	return c.describeFleets()
}

func (c *emrCluster) describeFleets() []types.InstanceFleet {
	out := []types.InstanceFleet{}
	for _, u := range c.units {
		out = append(out, u.describeFleet(c.created))
	}
	return out
}

// ListInstanceFleets lists the fleets of a cluster.
func (f *EMR) ListInstanceFleets(ctx context.Context, in *emr.ListInstanceFleetsInput, _ ...func(*emr.Options)) (*emr.ListInstanceFleetsOutput, error) {
	return emrCall(ctx, f, "ListInstanceFleets", func() (*emr.ListInstanceFleetsOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		return &emr.ListInstanceFleetsOutput{InstanceFleets: c.describeFleets()}, nil
	})
}

// ModifyInstanceFleet sets the targets of a fleet, which reaches them later. It
// may be called during an earlier resize.
func (f *EMR) ModifyInstanceFleet(ctx context.Context, in *emr.ModifyInstanceFleetInput, _ ...func(*emr.Options)) (*emr.ModifyInstanceFleetOutput, error) {
	return emrCall(ctx, f, "ModifyInstanceFleet", func() (*emr.ModifyInstanceFleetOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		if err := checkTargets(in.InstanceFleet); err != nil {
			return nil, err
		}
		u, err := c.checkChange(in.InstanceFleet)
		if err != nil {
			return nil, err
		}
		u.fleet.TargetOnDemandCapacity = new(*in.InstanceFleet.TargetOnDemandCapacity)
		u.fleet.TargetSpotCapacity = new(*in.InstanceFleet.TargetSpotCapacity)
		f.resize(c, u)
		return &emr.ModifyInstanceFleetOutput{}, nil
	})
}

// checkTargets refuses what EMR's front end refuses.
func checkTargets(change *types.InstanceFleetModifyConfig) error {
	for name, n := range map[string]*int32{"targetOnDemandCapacity": change.TargetOnDemandCapacity, "targetSpotCapacity": change.TargetSpotCapacity} {
		if n != nil && *n < 0 {
			return validationEMR("1 validation error detected: Value '%d' at 'instanceFleet.%s' failed to satisfy constraint:"+
				" Member must have value greater than or equal to 0", *n, name)
		}
	}
	return nil
}

func (c *emrCluster) checkChange(change *types.InstanceFleetModifyConfig) (*emrUnit, error) {
	u := c.unit(change.InstanceFleetId)
	onDemand, spot := change.TargetOnDemandCapacity, change.TargetSpotCapacity
	switch {
	case u == nil:
		return nil, invalidEMR("Instance fleet id '%s' is not valid.", deref(change.InstanceFleetId))
	case !c.takesResize():
		return nil, invalidEMR("An instance fleet may only be modified when the cluster is running or waiting.")
	case onDemand == nil || spot == nil:
		return nil, invalidEMR("The instance fleet (%s) should have both targetOnDemandCapacity and targetSpotCapacity specified.", u.id)
	case u.kind == types.InstanceFleetTypeMaster:
		return nil, invalidEMR("A master instance fleet may not be resized.")
	case u.kind == types.InstanceFleetTypeCore && *onDemand+*spot < 1:
		return nil, invalidEMR("The %s instance fleet has an invalid target capacity.", strings.ToLower(string(u.kind)))
	}
	return u, nil
}

// AddInstanceFleet adds a task fleet. A cluster has at most one.
func (f *EMR) AddInstanceFleet(ctx context.Context, in *emr.AddInstanceFleetInput, _ ...func(*emr.Options)) (*emr.AddInstanceFleetOutput, error) {
	return emrCall(ctx, f, "AddInstanceFleet", func() (*emr.AddInstanceFleetOutput, error) {
		if err := checkFleet(in.InstanceFleet); err != nil {
			return nil, invalidated(err)
		}
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		if err := c.checkNewFleet(in.InstanceFleet); err != nil {
			return nil, err
		}
		u := f.newFleet(*in.InstanceFleet)
		c.units = append(c.units, u)
		f.resize(c, u)
		return &emr.AddInstanceFleetOutput{ClusterId: new(c.id), ClusterArn: new(clusterARN(c.id)), InstanceFleetId: new(u.id)}, nil
	})
}

func (c *emrCluster) checkNewFleet(fl *types.InstanceFleetConfig) error {
	switch {
	case !c.takesResize():
		return invalidEMR("An instance fleet may only be added when the cluster is running or waiting.")
	case fl.InstanceFleetType != types.InstanceFleetTypeTask:
		return invalidEMR("Only a task instance fleet can be added to a running cluster.")
	case c.has(types.InstanceFleetTypeTask):
		return invalidEMR("The cluster %s already has a task instance fleet.", c.id)
	case !c.has(types.InstanceFleetTypeCore):
		return invalidEMR("Clusters with task instance fleets must also define core instance fleets.")
	}
	return nil
}

// ModifyCluster sets the step concurrency level.
func (f *EMR) ModifyCluster(ctx context.Context, in *emr.ModifyClusterInput, _ ...func(*emr.Options)) (*emr.ModifyClusterOutput, error) {
	return emrCall(ctx, f, "ModifyCluster", func() (*emr.ModifyClusterOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		level := aws.ToInt32(in.StepConcurrencyLevel)
		if c.over() {
			return nil, invalidEMR(textNotModifiable)
		}
		if badConcurrency(level) {
			return nil, invalidEMR("The step concurrency level must be between 1 and %d.", maxSteps)
		}
		c.concurrency = int(level)
		f.schedule(c)
		return &emr.ModifyClusterOutput{StepConcurrencyLevel: &level}, nil
	})
}

// PutManagedScalingPolicy stores a policy. The fake does not scale.
func (f *EMR) PutManagedScalingPolicy(ctx context.Context, in *emr.PutManagedScalingPolicyInput, _ ...func(*emr.Options)) (*emr.PutManagedScalingPolicyOutput, error) {
	return emrCall(ctx, f, "PutManagedScalingPolicy", func() (*emr.PutManagedScalingPolicyOutput, error) {
		if err := checkLimits(in.ManagedScalingPolicy); err != nil {
			return nil, err
		}
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		if unit := in.ManagedScalingPolicy.ComputeLimits.UnitType; unit != types.ComputeLimitsUnitTypeInstanceFleetUnits {
			return nil, validationEMR("The unit type %s cannot be used with this cluster's instance collection type.", unit)
		}
		if c.over() {
			return nil, validationEMR(textNotModifiable)
		}
		c.scaling = in.ManagedScalingPolicy
		return &emr.PutManagedScalingPolicyOutput{}, nil
	})
}

// GetManagedScalingPolicy returns a cluster's policy, if it has one.
func (f *EMR) GetManagedScalingPolicy(ctx context.Context, in *emr.GetManagedScalingPolicyInput, _ ...func(*emr.Options)) (*emr.GetManagedScalingPolicyOutput, error) {
	return emrCall(ctx, f, "GetManagedScalingPolicy", func() (*emr.GetManagedScalingPolicyOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		return &emr.GetManagedScalingPolicyOutput{ManagedScalingPolicy: c.scaling}, nil
	})
}
