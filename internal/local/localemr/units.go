package localemr

// addUnits creates the requested fleets or groups.
func (in *instancesInput) addUnits(c *record) {
	if len(in.InstanceFleets) > 0 {
		c.Cluster.InstanceCollectionType = "INSTANCE_FLEET"
		for _, f := range in.InstanceFleets {
			c.Fleets = append(c.Fleets, newFleet(f))
		}
		return
	}
	c.Cluster.InstanceCollectionType = "INSTANCE_GROUP"
	for _, g := range in.groups() {
		c.Groups = append(c.Groups, newGroup(g))
	}
}

// groups returns the groups, also those that the short form (types and a
// count) stands for.
func (in *instancesInput) groups() []groupInput {
	if len(in.InstanceGroups) > 0 {
		return in.InstanceGroups
	}
	groups := []groupInput{{InstanceRole: roleMaster, InstanceType: in.MasterInstanceType, InstanceCount: 1}}
	if in.InstanceCount > 1 {
		core := in.SlaveInstanceType
		setDefault(&core, in.MasterInstanceType)
		groups = append(groups, groupInput{InstanceRole: roleCore, InstanceType: core, InstanceCount: in.InstanceCount - 1})
	}
	return groups
}

func newFleet(in fleetInput) *fleetShape {
	return &fleetShape{
		ID: newID("if-"), Name: in.Name, InstanceFleetType: in.InstanceFleetType,
		Status:                 newUnitStatus(),
		TargetOnDemandCapacity: in.TargetOnDemandCapacity, TargetSpotCapacity: in.TargetSpotCapacity,
		InstanceTypeSpecifications: specifications(in.InstanceTypeConfigs), LaunchSpecifications: in.LaunchSpecifications,
		ResizeSpecifications: in.ResizeSpecifications, Context: in.Context,
	}
}

// specifications are the types of a request as answers show them.
func specifications(types []instanceType) []instanceType {
	all := make([]instanceType, len(types))
	for i, t := range types {
		t.EbsBlockDevices, t.EbsOptimized = t.EbsConfiguration.devices(), t.EbsConfiguration.optimized()
		t.EbsConfiguration = nil
		all[i] = t
	}
	return all
}

func newGroup(in groupInput) *groupShape {
	g := &groupShape{
		ID: newID("ig-"), Name: in.Name, Market: in.Market, InstanceGroupType: in.InstanceRole, BidPrice: in.BidPrice,
		InstanceType: in.InstanceType, RequestedInstanceCount: in.InstanceCount, Status: newUnitStatus(),
		Configurations: in.Configurations, EbsBlockDevices: in.EbsConfiguration.devices(), EbsOptimized: in.EbsConfiguration.optimized(), CustomAmiID: in.CustomAmiID,
	}
	setDefault(&g.Market, marketOnDemand)
	g.attach(in.AutoScalingPolicy)
	return g
}

func newUnitStatus() clusterStatus {
	return clusterStatus{State: stateProvisioning, Timeline: timeline{CreationDateTime: now()}}
}
