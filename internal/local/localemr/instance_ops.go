package localemr

import (
	"context"
	"slices"
)

type listInstancesInput struct {
	ClusterID          string `json:"ClusterId"`
	InstanceGroupID    string `json:"InstanceGroupId"`
	InstanceGroupTypes []string
	InstanceFleetID    string `json:"InstanceFleetId"`
	InstanceFleetType  string
	InstanceStates     []string
	Marker             string
}

type listInstancesOutput struct {
	Instances []instanceShape
	Marker    string `json:",omitempty"`
}

func (s *Server) listInstances(_ context.Context, in *listInstancesInput) (*listInstancesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	if err := in.check(c); err != nil {
		return nil, err
	}
	units := in.units(c)
	keep := func(i *instanceShape) bool {
		return slices.ContainsFunc(units, i.belongsTo) &&
			(len(in.InstanceStates) == 0 || slices.Contains(in.InstanceStates, i.Status.State))
	}
	listed, marker, err := page(c.Instances, func(i *instanceShape) string { return i.ID }, keep, in.Marker)
	if err != nil {
		return nil, err
	}
	out := &listInstancesOutput{Instances: []instanceShape{}, Marker: marker}
	for _, i := range listed {
		out.Instances = append(out.Instances, *i)
	}
	return out, nil
}

// check refuses filters that do not fit the cluster.
func (in *listInstancesInput) check(c *record) error {
	groups, fleets := in.InstanceGroupID != "" || len(in.InstanceGroupTypes) > 0, in.InstanceFleetID != "" || in.InstanceFleetType != ""
	switch {
	case groups && fleets:
		return invalid("", "Instance fleets and instance groups are mutually exclusive: ListInstances accepts filters of one of them only.")
	case groups && len(c.Fleets) > 0:
		return exclusive("fleets", "groups", "ListInstances with filters of instance groups", "ListInstances with filters of instance fleets")
	case fleets && len(c.Groups) > 0:
		return exclusive("groups", "fleets", "ListInstances with filters of instance fleets", "ListInstances with filters of instance groups")
	case !c.has(in.InstanceGroupID):
		return noGroup(in.InstanceGroupID)
	case !c.has(in.InstanceFleetID):
		return noFleet(in.InstanceFleetID)
	}
	return nil
}

// has says whether c has a group or fleet; no id is no condition.
func (c *record) has(unitID string) bool {
	return unitID == "" || slices.ContainsFunc(c.units(), func(u unit) bool { return u.id == unitID })
}

func noFleet(id string) error { return invalid("", "Instance fleet id '%s' is not valid.", id) }

// units returns the ids of the groups or fleets that the filters select.
func (in *listInstancesInput) units(c *record) []string {
	var ids []string
	for _, u := range c.units() {
		wanted := in.InstanceGroupID == "" && in.InstanceFleetID == "" || u.id == in.InstanceGroupID || u.id == in.InstanceFleetID
		role := in.InstanceFleetType == "" && len(in.InstanceGroupTypes) == 0 ||
			u.role == in.InstanceFleetType || slices.Contains(in.InstanceGroupTypes, u.role)
		if wanted && role {
			ids = append(ids, u.id)
		}
	}
	return ids
}

type listGroupsOutput struct{ InstanceGroups []groupShape }

func (s *Server) listInstanceGroups(_ context.Context, in *clusterInput) (*listGroupsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	if len(c.Fleets) > 0 {
		return nil, exclusive("fleets", "groups", "ListInstanceGroups", "ListInstanceFleets")
	}
	out := &listGroupsOutput{InstanceGroups: []groupShape{}}
	for _, g := range c.Groups {
		out.InstanceGroups = append(out.InstanceGroups, *g)
	}
	return out, nil
}

type listFleetsOutput struct{ InstanceFleets []fleetShape }

func (s *Server) listInstanceFleets(_ context.Context, in *clusterInput) (*listFleetsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	if len(c.Groups) > 0 {
		return nil, exclusive("groups", "fleets", "ListInstanceFleets", "ListInstanceGroups")
	}
	out := &listFleetsOutput{InstanceFleets: []fleetShape{}}
	for _, f := range c.Fleets {
		out.InstanceFleets = append(out.InstanceFleets, *f)
	}
	return out, nil
}

func exclusive(has, not, op, other string) error {
	return invalid("", "Instance %s and instance %s are mutually exclusive. The EMR cluster specified in the request uses instance %s."+
		" The %s operation does not support clusters that use instance %s. Use the %s operation instead.", has, not, has, op, has, other)
}

type listBootstrapOutput struct {
	BootstrapActions []commandShape
	Marker           string `json:",omitempty"`
}

func (s *Server) listBootstrapActions(_ context.Context, in *clusterInput) (*listBootstrapOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	return &listBootstrapOutput{BootstrapActions: append([]commandShape{}, c.Bootstraps...)}, nil // never more than a page
}
