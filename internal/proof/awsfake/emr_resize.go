package awsfake

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Fleets returns the instance fleets of a cluster. It is not a call.
func (f *EMR) Fleets(id string) []types.InstanceFleet {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.clusters[id]
	if c == nil || c.grouped() {
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
		if c.grouped() {
			return nil, exclusiveEMR("groups", "ListInstanceFleets")
		}
		return &emr.ListInstanceFleetsOutput{InstanceFleets: c.describeFleets()}, nil
	})
}

// ListInstanceGroups lists the groups of a cluster.
func (f *EMR) ListInstanceGroups(ctx context.Context, in *emr.ListInstanceGroupsInput, _ ...func(*emr.Options)) (*emr.ListInstanceGroupsOutput, error) {
	return emrCall(ctx, f, "ListInstanceGroups", func() (*emr.ListInstanceGroupsOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		if !c.grouped() {
			return nil, exclusiveEMR("fleets", "ListInstanceGroups")
		}
		out := &emr.ListInstanceGroupsOutput{InstanceGroups: []types.InstanceGroup{}}
		for _, u := range c.units {
			out.InstanceGroups = append(out.InstanceGroups, u.describeGroup())
		}
		return out, nil
	})
}

func exclusiveEMR(has, op string) error {
	return invalidEMR("Instance fleets and instance groups are mutually exclusive. The EMR cluster specified in the request uses instance %s."+
		" The %s operation does not support clusters that use instance %s.", has, op, has)
}

// ModifyInstanceFleet sets the targets of a fleet, which has them some time
// later. It may be called while an earlier resize is under way.
func (f *EMR) ModifyInstanceFleet(ctx context.Context, in *emr.ModifyInstanceFleetInput, _ ...func(*emr.Options)) (*emr.ModifyInstanceFleetOutput, error) {
	return emrCall(ctx, f, "ModifyInstanceFleet", func() (*emr.ModifyInstanceFleetOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		u, err := c.checkFleet(in.InstanceFleet)
		if err != nil {
			return nil, err
		}
		u.fleet.TargetOnDemandCapacity = new(*in.InstanceFleet.TargetOnDemandCapacity)
		u.fleet.TargetSpotCapacity = new(*in.InstanceFleet.TargetSpotCapacity)
		f.resize(c, u)
		return &emr.ModifyInstanceFleetOutput{}, nil
	})
}

func (c *emrCluster) checkFleet(change *types.InstanceFleetModifyConfig) (*emrUnit, error) {
	u := c.unit(change.InstanceFleetId)
	onDemand, spot := change.TargetOnDemandCapacity, change.TargetSpotCapacity
	switch {
	case u == nil || u.group != nil:
		return nil, invalidEMR("Instance fleet id '%s' is not valid.", deref(change.InstanceFleetId))
	case c.over():
		return nil, errNotModifiable()
	case !c.takesResize():
		return nil, invalidEMR("An instance fleet may only be modified when the cluster is running or waiting.")
	case onDemand == nil || spot == nil:
		return nil, invalidEMR("The instance fleet (%s) should have both targetOnDemandCapacity and targetSpotCapacity specified.", u.id)
	}
	return u, u.checkTargets(*onDemand, *spot)
}

func (u *emrUnit) checkTargets(onDemand, spot int32) error {
	switch {
	case u.kind == types.InstanceFleetTypeMaster:
		return invalidEMR("A master instance fleet may not be resized.")
	case onDemand < 0 || spot < 0 || u.kind == types.InstanceFleetTypeCore && onDemand+spot < 1:
		return invalidEMR("The instance fleet (%s) has an invalid target capacity.", u.id)
	}
	return nil
}

func errNotModifiable() error {
	return invalidEMR("A job flow that is shutting down, terminating, or finished may not be modified.")
}

// AddInstanceFleet gives a cluster its task fleet. A cluster has one at most.
func (f *EMR) AddInstanceFleet(ctx context.Context, in *emr.AddInstanceFleetInput, _ ...func(*emr.Options)) (*emr.AddInstanceFleetOutput, error) {
	return emrCall(ctx, f, "AddInstanceFleet", func() (*emr.AddInstanceFleetOutput, error) {
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
	case c.grouped():
		return exclusiveEMR("groups", "AddInstanceFleet")
	case c.over():
		return errNotModifiable()
	case !c.takesResize():
		return invalidEMR("An instance fleet may only be added when the cluster is running or waiting.")
	case fl.InstanceFleetType != types.InstanceFleetTypeTask || c.of(types.InstanceFleetTypeTask) > 0:
		return invalidEMR("Only a task instance fleet can be added, and only one.")
	case c.of(types.InstanceFleetTypeCore) == 0:
		return invalidEMR("Clusters with task instance fleets must also define core instance fleets.")
	case aws.ToInt32(fl.TargetOnDemandCapacity)+aws.ToInt32(fl.TargetSpotCapacity) < 1:
		return invalidEMR("The instance fleet (%s) should have a value of one or greater for either targetOnDemandCapacity or targetSpotCapacity.", deref(fl.Name))
	case len(fl.InstanceTypeConfigs) == 0:
		return invalidEMR("The instance fleet (%s) must have at least one instance type.", deref(fl.Name))
	}
	return nil
}

// ModifyInstanceGroups sets the number of instances of groups: of all or, when
// one of them cannot be, of none.
func (f *EMR) ModifyInstanceGroups(ctx context.Context, in *emr.ModifyInstanceGroupsInput, _ ...func(*emr.Options)) (*emr.ModifyInstanceGroupsOutput, error) {
	return emrCall(ctx, f, "ModifyInstanceGroups", func() (*emr.ModifyInstanceGroupsOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		for _, change := range in.InstanceGroups {
			if err := c.checkGroup(change); err != nil {
				return nil, err
			}
		}
		for _, change := range in.InstanceGroups {
			u := c.unit(change.InstanceGroupId)
			u.group.InstanceCount = new(*change.InstanceCount)
			f.resize(c, u)
		}
		return &emr.ModifyInstanceGroupsOutput{}, nil
	})
}

func (c *emrCluster) checkGroup(change types.InstanceGroupModifyConfig) error {
	u := c.unit(change.InstanceGroupId)
	switch {
	case u == nil || u.group == nil:
		return validationEMR("Instance group id '%s' is not valid.", deref(change.InstanceGroupId))
	case !c.takesResize():
		return validationEMR("An instance group may only be modified when the cluster is running or waiting")
	case u.kind == types.InstanceFleetTypeMaster:
		return validationEMR("A master instance group may not be resized.")
	case change.InstanceCount == nil || *change.InstanceCount < 0 || u.kind == types.InstanceFleetTypeCore && *change.InstanceCount < 1:
		return validationEMR("The instance group (%s) has an invalid instance count.", u.id)
	}
	return nil
}

// AddInstanceGroups adds task groups to a cluster.
func (f *EMR) AddInstanceGroups(ctx context.Context, in *emr.AddInstanceGroupsInput, _ ...func(*emr.Options)) (*emr.AddInstanceGroupsOutput, error) {
	return emrCall(ctx, f, "AddInstanceGroups", func() (*emr.AddInstanceGroupsOutput, error) {
		clusters, err := f.some([]string{deref(in.JobFlowId)})
		if err != nil {
			return nil, err
		}
		c := clusters[0]
		switch {
		case !c.grouped():
			return nil, exclusiveEMR("fleets", "AddInstanceGroups")
		case !c.takesResize():
			return nil, validationEMR("An instance group may only be added when the cluster is running or waiting")
		case c.of(types.InstanceFleetTypeCore) == 0:
			return nil, validationEMR("Clusters with task nodes must also define core nodes.")
		}
		out := &emr.AddInstanceGroupsOutput{JobFlowId: new(c.id), ClusterArn: new(clusterARN(c.id))}
		for _, g := range in.InstanceGroups {
			if g.InstanceRole != types.InstanceRoleTypeTask {
				return nil, validationEMR("Only task instance groups can be added to a running cluster.")
			}
			u := f.newGroup(g)
			c.units = append(c.units, u)
			f.resize(c, u)
			out.InstanceGroupIds = append(out.InstanceGroupIds, u.id)
		}
		return out, nil
	})
}

// ModifyCluster sets how many steps may run side by side.
func (f *EMR) ModifyCluster(ctx context.Context, in *emr.ModifyClusterInput, _ ...func(*emr.Options)) (*emr.ModifyClusterOutput, error) {
	return emrCall(ctx, f, "ModifyCluster", func() (*emr.ModifyClusterOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		level := aws.ToInt32(in.StepConcurrencyLevel)
		if c.over() {
			return nil, errNotModifiable()
		}
		if level < 1 || level > maxSteps {
			return nil, invalidEMR("The step concurrency level must be between 1 and %d.", maxSteps)
		}
		c.concurrency = int(level)
		f.schedule(c)
		return &emr.ModifyClusterOutput{StepConcurrencyLevel: &level}, nil
	})
}

// PutManagedScalingPolicy keeps a policy. Nothing scales here.
func (f *EMR) PutManagedScalingPolicy(ctx context.Context, in *emr.PutManagedScalingPolicyInput, _ ...func(*emr.Options)) (*emr.PutManagedScalingPolicyOutput, error) {
	return emrCall(ctx, f, "PutManagedScalingPolicy", func() (*emr.PutManagedScalingPolicyOutput, error) {
		c, err := f.cluster(in.ClusterId)
		if err != nil {
			return nil, err
		}
		if c.over() {
			return nil, validationEMR("A job flow that is shutting down, terminating, or finished may not be modified.")
		}
		if err := c.checkScaling(in.ManagedScalingPolicy); err != nil {
			return nil, err
		}
		c.scaling = in.ManagedScalingPolicy
		return &emr.PutManagedScalingPolicyOutput{}, nil
	})
}

func (c *emrCluster) checkScaling(p *types.ManagedScalingPolicy) error {
	if p == nil || p.ComputeLimits == nil {
		return validationEMR("The compute limits must not be null.")
	}
	l := p.ComputeLimits
	low, high := aws.ToInt32(l.MinimumCapacityUnits), aws.ToInt32(l.MaximumCapacityUnits)
	switch {
	case c.grouped() == (l.UnitType == types.ComputeLimitsUnitTypeInstanceFleetUnits):
		return validationEMR("The unit type %s cannot be used with this cluster.", l.UnitType)
	case low < 1 || high < low || l.MaximumCoreCapacityUnits != nil && *l.MaximumCoreCapacityUnits > high:
		return validationEMR("The limits %d to %d are not valid.", low, high)
	}
	return nil
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
