package localemr

// Limits of fleets: instance types, without and with an allocation strategy.
const (
	maxFleetTypes          = 5
	maxFleetTypesAllocated = 30
	minSpotTimeout         = 5
	maxSpotTimeout         = 1440
	highAvailability       = 3 // primary nodes, on demand
)

func (in *instancesInput) validate() error {
	ways := 0
	for _, used := range []bool{
		len(in.InstanceFleets) > 0, len(in.InstanceGroups) > 0,
		in.MasterInstanceType != "" || in.SlaveInstanceType != "" || in.InstanceCount > 0,
	} {
		if used {
			ways++
		}
	}
	if ways != 1 {
		return validation("Please configure instances using one and only one of the following: instance groups; instance fleets;" +
			" instance count, master and slave instance type.")
	}
	if err := in.validatePlacement(); err != nil {
		return err
	}
	if len(in.InstanceFleets) > 0 {
		return validateFleets(in.InstanceFleets)
	}
	return validateGroups(in.groups())
}

// validatePlacement checks the subnets and security groups of a request.
func (in *instancesInput) validatePlacement() error {
	switch {
	case in.EC2SubnetID != "" && len(in.EC2SubnetIDs) > 0:
		return validation("Only one of Ec2SubnetId and Ec2SubnetIds may be specified.")
	case len(in.EC2SubnetIDs) > 1 && len(in.InstanceFleets) == 0:
		return validation("Only one subnet may be specified for clusters configured with instance groups or instance count," +
			" master and slave instance type. Revise the configuration and resubmit.")
	case (in.EmrManagedMasterSecurityGroup == "") != (in.EmrManagedSlaveSecurityGroup == ""):
		return validation("You must specify both EmrManagedMasterSecurityGroup and EmrManagedSlaveSecurityGroup, or neither.")
	}
	return nil
}

func validateFleets(fleets []fleetInput) error {
	seen := map[string]bool{}
	for _, f := range fleets {
		if err := f.validate(); err != nil {
			return err
		}
		if seen[f.InstanceFleetType] {
			return validation("Multiple %s instance fleets supplied, you must specify exactly one %[1]s instance fleet", lowerRole(f.InstanceFleetType))
		}
		seen[f.InstanceFleetType] = true
	}
	switch {
	case !seen[roleMaster]:
		return validation("No master instance fleets were supplied; you must specify exactly one master instance fleet." +
			" Revise the configuration and resubmit.")
	case seen[roleTask] && !seen[roleCore]:
		return validation("Clusters with task instance fleets must also define core instance fleets.")
	}
	return nil
}

func (f *fleetInput) validate() error {
	target := f.TargetOnDemandCapacity + f.TargetSpotCapacity
	name := f.Name
	setDefault(&name, "null")
	switch {
	case f.InstanceFleetType == roleMaster && target != 1 && f.TargetOnDemandCapacity != highAvailability:
		return validation("A master instance fleet can only have a target capacity of 1. Revise the configuration and resubmit.")
	case f.TargetOnDemandCapacity < 0 || f.TargetSpotCapacity < 0 || target < 1:
		return validation("The instance fleet (%s) should have a value of one or greater for either targetOnDemandCapacity or targetSpotCapacity.", name)
	case len(f.InstanceTypeConfigs) == 0:
		return validation("The instance fleet (%s) must have at least one instance type.", name)
	case len(f.InstanceTypeConfigs) > f.maxTypes():
		return validation("The instance fleet (%s) can have at most %d instance types.", name, f.maxTypes())
	}
	for _, t := range f.InstanceTypeConfigs {
		if err := t.EbsConfiguration.validate(); err != nil {
			return err
		}
	}
	return f.LaunchSpecifications.validate()
}

func (f *fleetInput) maxTypes() int {
	l := f.LaunchSpecifications
	if l != nil && (l.SpotSpecification != nil && l.SpotSpecification.AllocationStrategy != "" || l.OnDemandSpecification != nil) {
		return maxFleetTypesAllocated
	}
	return maxFleetTypes
}

func (l *launchSpec) validate() error {
	if l == nil || l.SpotSpecification == nil {
		return nil
	}
	spot := l.SpotSpecification
	if spot.TimeoutDurationMinutes < minSpotTimeout || spot.TimeoutDurationMinutes > maxSpotTimeout {
		return validation("The spot provisioning timeout must be between %d and %d minutes.", minSpotTimeout, maxSpotTimeout)
	}
	return nil
}

func validateGroups(groups []groupInput) error {
	seen := map[string]int{}
	for _, g := range groups {
		if err := g.validate(); err != nil {
			return err
		}
		seen[g.InstanceRole]++
	}
	switch {
	case seen[roleMaster] == 0:
		return validation("Zero master instance groups supplied, you must specify exactly one master instance group")
	case seen[roleMaster] > 1:
		return validation("Multiple master instance groups supplied, you must specify exactly one master instance group")
	case seen[roleCore] > 1:
		return validation("Multiple core instance groups supplied, you may specify at most one core instance group")
	case seen[roleTask] > 0 && seen[roleCore] == 0:
		return validation("Clusters with task nodes must also define core nodes.")
	}
	return nil
}

func (g *groupInput) validate() error {
	switch {
	case g.InstanceRole == roleMaster && g.InstanceCount != 1 && g.InstanceCount != highAvailability:
		return validation("A master instance group must specify a single instance, or three for high availability")
	case g.InstanceCount < 0 || g.InstanceRole == roleCore && g.InstanceCount < 1:
		return validation("The %s instance group has an invalid instance count: %d", lowerRole(g.InstanceRole), g.InstanceCount)
	}
	return g.EbsConfiguration.validate()
}

func lowerRole(role string) string {
	return map[string]string{roleMaster: "master", roleCore: "core", roleTask: "task"}[role]
}
