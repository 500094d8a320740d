package awsfake

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// emrUnit is an instance fleet. It has capacity, but no instances.
type emrUnit struct {
	id     string
	kind   types.InstanceFleetType
	fleet  types.InstanceFleetConfig // as requested; with the latest targets
	state  types.InstanceFleetState
	reason string
	// Provisioned capacity.
	onDemand, spot int32
	pending        *alarm // the end of a resize
}

// newUnits makes the fleets of a new cluster.
func (f *EMR) newUnits(in *types.JobFlowInstancesConfig) []*emrUnit {
	var units []*emrUnit
	for _, fl := range in.InstanceFleets {
		units = append(units, f.newFleet(fl))
	}
	return units
}

func (f *EMR) newFleet(in types.InstanceFleetConfig) *emrUnit {
	f.unitCount++
	in.TargetOnDemandCapacity, in.TargetSpotCapacity = new(aws.ToInt32(in.TargetOnDemandCapacity)), new(aws.ToInt32(in.TargetSpotCapacity))
	return &emrUnit{id: emrID("if-", f.unitCount), kind: in.InstanceFleetType, fleet: in, state: types.InstanceFleetStateProvisioning}
}

func (c *emrCluster) unit(id *string) *emrUnit {
	i := slices.IndexFunc(c.units, func(u *emrUnit) bool { return u.id == aws.ToString(id) })
	if i < 0 {
		return nil
	}
	return c.units[i]
}

func (c *emrCluster) has(kind types.InstanceFleetType) bool {
	return slices.ContainsFunc(c.units, func(u *emrUnit) bool { return u.kind == kind })
}

// takesResize says whether c is in a state in which EMR changes its instances.
func (c *emrCluster) takesResize() bool {
	return c.state == types.ClusterStateRunning || c.state == types.ClusterStateWaiting
}

// settleUnits provisions the units that are not RUNNING.
func (f *EMR) settleUnits(c *emrCluster) {
	for _, u := range c.units {
		if u.state != types.InstanceFleetStateRunning {
			f.settleUnit(u)
		}
	}
}

func (f *EMR) settleUnit(u *emrUnit) {
	onDemand, spot := aws.ToInt32(u.fleet.TargetOnDemandCapacity), aws.ToInt32(u.fleet.TargetSpotCapacity)
	u.state, u.reason = types.InstanceFleetStateRunning, ""
	if (onDemand > u.onDemand || spot > u.spot) && !f.offers(u.fleet) {
		u.state, u.reason = types.InstanceFleetStateSuspended, shortage(u.fleet, spot > u.spot)
		onDemand, spot = min(onDemand, u.onDemand), min(spot, u.spot)
	}
	u.onDemand, u.spot = onDemand, spot
}

// shortage describes the capacity that EC2 does not have.
func shortage(fl types.InstanceFleetConfig, spot bool) string {
	market := "On-Demand"
	if spot {
		market = "Spot"
	}
	var names []string
	for _, t := range fl.InstanceTypeConfigs {
		names = append(names, aws.ToString(t.InstanceType))
	}
	return "insufficient " + market + " capacity for instance type(s) [" + strings.Join(names, ", ") + "]."
}

// spotTimeout returns how long EMR looks for Spot instances; false for a fleet
// that has none.
func (u *emrUnit) spotTimeout() (time.Duration, bool) {
	if aws.ToInt32(u.fleet.TargetSpotCapacity) == 0 {
		return 0, false
	}
	if l := u.fleet.LaunchSpecifications; l != nil && l.SpotSpecification != nil {
		return time.Duration(aws.ToInt32(l.SpotSpecification.TimeoutDurationMinutes)) * time.Minute, true
	}
	return 0, true
}

// unsupportedType returns the first type of a fleet whose types EMR supports none
// of in the cluster's zone, or "".
func (f *EMR) unsupportedType(c *emrCluster) string {
	for _, u := range c.units {
		supported := func(t types.InstanceTypeConfig) bool { return !f.unsupported[aws.ToString(t.InstanceType)] }
		if !slices.ContainsFunc(u.fleet.InstanceTypeConfigs, supported) {
			return aws.ToString(u.fleet.InstanceTypeConfigs[0].InstanceType)
		}
	}
	return ""
}

// offers says whether EC2 has capacity of one of a fleet's types.
func (f *EMR) offers(fl types.InstanceFleetConfig) bool {
	return slices.ContainsFunc(fl.InstanceTypeConfigs, func(t types.InstanceTypeConfig) bool { return !f.noCapacity[aws.ToString(t.InstanceType)] })
}

// resize provisions u after a while, unless its targets change before.
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

// endUnits removes all capacity.
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
