package localemr

import (
	"context"
	"encoding/json"
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

// units names the groups or fleets that the filters leave.
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

type modifyGroupsInput struct {
	ClusterID      string `json:"ClusterId"`
	InstanceGroups []groupChange
}

type groupChange struct {
	InstanceGroupID     string `json:"InstanceGroupId"`
	InstanceCount       *int
	ShrinkPolicy        json.RawMessage
	Configurations      json.RawMessage
	ReconfigurationType string
}

func (s *Server) modifyInstanceGroups(ctx context.Context, in *modifyGroupsInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, change := range in.InstanceGroups {
		c, g := s.findGroup(in.ClusterID, change.InstanceGroupID)
		if err := checkGroupChange(c, g, change); err != nil {
			return nil, err
		}
	}
	for _, change := range in.InstanceGroups {
		c, g := s.findGroup(in.ClusterID, change.InstanceGroupID)
		if len(change.Configurations) > 0 {
			g.Configurations = change.Configurations
			g.ConfigurationsVersion++
		}
		if change.InstanceCount != nil {
			g.RequestedInstanceCount = *change.InstanceCount
			g.Status.State = stateResizing
		}
		s.save(ctx, c)
		s.resizeLater(c)
	}
	return &empty{}, nil
}

func checkGroupChange(c *record, g *groupShape, change groupChange) error {
	switch {
	case g == nil:
		return validation("Instance group id '%s' is not valid.", change.InstanceGroupID)
	case !c.ready():
		return validation("An instance group may only be modified when the cluster is running or waiting")
	case change.InstanceCount == nil:
		return nil
	case g.InstanceGroupType == roleMaster:
		return validation("A master instance group may not be resized.")
	case *change.InstanceCount < 0 || g.InstanceGroupType == roleCore && *change.InstanceCount < 1:
		return validation("The %s instance group has an invalid instance count: %d", lowerRole(g.InstanceGroupType), *change.InstanceCount)
	default:
		return nil
	}
}

// findGroup looks in one cluster, or in all when none is named.
func (s *Server) findGroup(cluster, id string) (*record, *groupShape) {
	for _, c := range s.order {
		if cluster != "" && c.Cluster.ID != cluster {
			continue
		}
		for _, g := range c.Groups {
			if g.ID == id {
				return c, g
			}
		}
	}
	return nil, nil
}

type modifyFleetInput struct {
	ClusterID     string `json:"ClusterId"`
	InstanceFleet fleetChange
}

type fleetChange struct {
	InstanceFleetID        string `json:"InstanceFleetId"`
	TargetOnDemandCapacity *int
	TargetSpotCapacity     *int
	ResizeSpecifications   json.RawMessage
	InstanceTypeConfigs    []instanceType
	Context                string
}

func (s *Server) modifyInstanceFleet(ctx context.Context, in *modifyFleetInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	change := in.InstanceFleet
	i := slices.IndexFunc(c.Fleets, func(f *fleetShape) bool { return f.ID == change.InstanceFleetID })
	if i < 0 {
		return nil, invalid("", "Instance fleet id '%s' is not valid.", change.InstanceFleetID)
	}
	f := c.Fleets[i]
	if err := checkFleetChange(c, f, change); err != nil {
		return nil, err
	}
	f.TargetOnDemandCapacity = deref(change.TargetOnDemandCapacity, f.TargetOnDemandCapacity)
	f.TargetSpotCapacity = deref(change.TargetSpotCapacity, f.TargetSpotCapacity)
	if len(change.InstanceTypeConfigs) > 0 {
		f.InstanceTypeSpecifications = change.InstanceTypeConfigs
	}
	if len(change.ResizeSpecifications) > 0 {
		f.ResizeSpecifications = change.ResizeSpecifications
	}
	f.Status.State = stateResizing
	s.save(ctx, c)
	s.resizeLater(c)
	return &empty{}, nil
}

func checkFleetChange(c *record, f *fleetShape, change fleetChange) error {
	onDemand := deref(change.TargetOnDemandCapacity, f.TargetOnDemandCapacity)
	spot := deref(change.TargetSpotCapacity, f.TargetSpotCapacity)
	switch {
	case !c.ready():
		return invalid("", "An instance fleet may only be modified when the cluster is running or waiting.")
	case f.Status.State == stateResizing:
		return invalid("", "The instance fleet %s is being resized.", f.ID)
	case f.InstanceFleetType == roleMaster:
		return invalid("", "A master instance fleet may not be resized.")
	case onDemand < 0 || spot < 0 || f.InstanceFleetType == roleCore && onDemand+spot < 1:
		return invalid("", "The %s instance fleet has an invalid target capacity.", lowerRole(f.InstanceFleetType))
	default:
		return nil
	}
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
