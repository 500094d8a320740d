package awsfake

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// emrUnit is an instance fleet or a group: its instances are only counted.
type emrUnit struct {
	id     string
	kind   types.InstanceFleetType
	fleet  types.InstanceFleetConfig // as it was asked for; its targets are the newest
	group  *types.InstanceGroupConfig
	state  types.InstanceFleetState
	reason string
	// What there is of it.
	onDemand, spot int32
	pending        *alarm // the end of a resize
}

// newUnits makes the fleets or groups of a new cluster.
func (f *EMR) newUnits(in *types.JobFlowInstancesConfig) []*emrUnit {
	var units []*emrUnit
	for _, fl := range in.InstanceFleets {
		units = append(units, f.newFleet(fl))
	}
	for _, g := range groupsOf(in) {
		units = append(units, f.newGroup(g))
	}
	return units
}

// groupsOf returns the groups, also those that the short form stands for.
func groupsOf(in *types.JobFlowInstancesConfig) []types.InstanceGroupConfig {
	if in.MasterInstanceType == nil {
		return in.InstanceGroups
	}
	groups := []types.InstanceGroupConfig{{InstanceRole: types.InstanceRoleTypeMaster, InstanceType: in.MasterInstanceType, InstanceCount: new(int32(1))}}
	if n := aws.ToInt32(in.InstanceCount); n > 1 {
		groups = append(groups, types.InstanceGroupConfig{InstanceRole: types.InstanceRoleTypeCore, InstanceType: in.SlaveInstanceType, InstanceCount: new(n - 1)})
	}
	return groups
}

func (f *EMR) newFleet(in types.InstanceFleetConfig) *emrUnit {
	f.unitCount++
	in.TargetOnDemandCapacity, in.TargetSpotCapacity = new(aws.ToInt32(in.TargetOnDemandCapacity)), new(aws.ToInt32(in.TargetSpotCapacity))
	return &emrUnit{id: emrID("if-", f.unitCount), kind: in.InstanceFleetType, fleet: in, state: types.InstanceFleetStateProvisioning}
}

func (f *EMR) newGroup(in types.InstanceGroupConfig) *emrUnit {
	f.unitCount++
	return &emrUnit{
		id: emrID("ig-", f.unitCount), kind: types.InstanceFleetType(in.InstanceRole), group: &in, state: types.InstanceFleetStateProvisioning,
		fleet: types.InstanceFleetConfig{InstanceTypeConfigs: []types.InstanceTypeConfig{{InstanceType: in.InstanceType}}},
	}
}

func (c *emrCluster) unit(id *string) *emrUnit {
	i := slices.IndexFunc(c.units, func(u *emrUnit) bool { return u.id == aws.ToString(id) })
	if i < 0 {
		return nil
	}
	return c.units[i]
}

func (c *emrCluster) of(kind types.InstanceFleetType) int {
	return len(slices.DeleteFunc(slices.Clone(c.units), func(u *emrUnit) bool { return u.kind != kind }))
}

// grouped says whether c is made of groups.
func (c *emrCluster) grouped() bool { return len(c.units) > 0 && c.units[0].group != nil }

// takesResize says whether c is in a state in which EMR changes its instances.
func (c *emrCluster) takesResize() bool {
	return c.state == types.ClusterStateRunning || c.state == types.ClusterStateWaiting
}

// settleUnits gives the units that are not as they should be what was asked for.
func (f *EMR) settleUnits(c *emrCluster) {
	for _, u := range c.units {
		if u.state != types.InstanceFleetStateRunning {
			f.settleUnit(u)
		}
	}
}

func (f *EMR) settleUnit(u *emrUnit) {
	onDemand, spot := aws.ToInt32(u.fleet.TargetOnDemandCapacity), aws.ToInt32(u.fleet.TargetSpotCapacity)
	if u.group != nil {
		onDemand = aws.ToInt32(u.group.InstanceCount)
	}
	u.state, u.reason = types.InstanceFleetStateRunning, ""
	if (onDemand > u.onDemand || spot > u.spot) && !f.offers(u.fleet) {
		u.state, u.reason = types.InstanceFleetStateSuspended, "insufficient capacity for "+aws.ToString(u.fleet.InstanceTypeConfigs[0].InstanceType)
		onDemand, spot = min(onDemand, u.onDemand), min(spot, u.spot)
	}
	u.onDemand, u.spot = onDemand, spot
}

// offers says whether EC2 has one of a fleet's types.
func (f *EMR) offers(fl types.InstanceFleetConfig) bool {
	return slices.ContainsFunc(fl.InstanceTypeConfigs, func(t types.InstanceTypeConfig) bool { return !f.noCapacity[aws.ToString(t.InstanceType)] })
}

// resize settles u after a while, unless something else was asked of it since.
func (f *EMR) resize(c *emrCluster, u *emrUnit) {
	u.reason = ""
	if u.state != types.InstanceFleetStateProvisioning {
		u.state = types.InstanceFleetStateResizing
	}
	u.pending.stop()
	u.pending = f.later(f.config.Resizing, func() {
		if c.takesResize() {
			f.settleUnit(u)
		}
	})
}

// endUnits takes all instances away.
func (c *emrCluster) endUnits() {
	for _, u := range c.units {
		u.state, u.reason, u.onDemand, u.spot = types.InstanceFleetStateTerminated, "Job flow terminated", 0, 0
	}
}

func (u *emrUnit) describeFleet(now time.Time) types.InstanceFleet {
	out := types.InstanceFleet{
		Id: new(u.id), Name: u.fleet.Name, InstanceFleetType: u.kind, LaunchSpecifications: u.fleet.LaunchSpecifications,
		TargetOnDemandCapacity: new(*u.fleet.TargetOnDemandCapacity), TargetSpotCapacity: new(*u.fleet.TargetSpotCapacity),
		ProvisionedOnDemandCapacity: new(u.onDemand), ProvisionedSpotCapacity: new(u.spot),
		Status: &types.InstanceFleetStatus{
			State: u.state, StateChangeReason: &types.InstanceFleetStateChangeReason{Message: new(u.reason)},
			Timeline: &types.InstanceFleetTimeline{CreationDateTime: &now},
		},
	}
	for _, t := range u.fleet.InstanceTypeConfigs {
		spec := types.InstanceTypeSpecification{InstanceType: t.InstanceType, WeightedCapacity: t.WeightedCapacity}
		if t.EbsConfiguration != nil {
			for _, b := range t.EbsConfiguration.EbsBlockDeviceConfigs {
				spec.EbsBlockDevices = append(spec.EbsBlockDevices, types.EbsBlockDevice{VolumeSpecification: b.VolumeSpecification})
			}
		}
		out.InstanceTypeSpecifications = append(out.InstanceTypeSpecifications, spec)
	}
	return out
}

func (u *emrUnit) describeGroup() types.InstanceGroup {
	state := types.InstanceGroupState(u.state)
	if u.state == types.InstanceFleetStateSuspended {
		state = types.InstanceGroupStateArrested
	}
	market := u.group.Market
	if market == "" {
		market = types.MarketTypeOnDemand
	}
	return types.InstanceGroup{
		Id: new(u.id), Name: u.group.Name, InstanceGroupType: types.InstanceGroupType(u.kind), InstanceType: u.group.InstanceType, Market: market,
		RequestedInstanceCount: new(aws.ToInt32(u.group.InstanceCount)), RunningInstanceCount: new(u.onDemand),
		Status: &types.InstanceGroupStatus{State: state, StateChangeReason: &types.InstanceGroupStateChangeReason{Message: new(u.reason)}},
	}
}
