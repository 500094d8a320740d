package localemr

import (
	"context"
	"encoding/json"
	"slices"
)

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

// modifyInstanceFleet may come while an earlier resize is under way: the newest
// target counts.
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
		return nil, noFleet(change.InstanceFleetID)
	}
	f := c.Fleets[i]
	if err := checkFleetChange(c, f, change); err != nil {
		return nil, err
	}
	f.TargetOnDemandCapacity, f.TargetSpotCapacity = *change.TargetOnDemandCapacity, *change.TargetSpotCapacity
	if len(change.InstanceTypeConfigs) > 0 {
		f.InstanceTypeSpecifications = specifications(change.InstanceTypeConfigs)
	}
	if len(change.ResizeSpecifications) > 0 {
		f.ResizeSpecifications = change.ResizeSpecifications
	}
	f.Status.resizing()
	s.save(ctx, c)
	s.resizeLater(c)
	return &empty{}, nil
}

func checkFleetChange(c *record, f *fleetShape, change fleetChange) error {
	onDemand, spot := change.TargetOnDemandCapacity, change.TargetSpotCapacity
	switch {
	case !c.ready():
		return invalid("", "An instance fleet may only be modified when the cluster is running or waiting.")
	case onDemand == nil || spot == nil:
		return invalid("", "The instance fleet (%s) should have both targetOnDemandCapacity and targetSpotCapacity specified.", f.ID)
	case f.InstanceFleetType == roleMaster:
		return invalid("", "A master instance fleet may not be resized.")
	case f.InstanceFleetType == roleCore && *onDemand+*spot < 1:
		return invalid("", "The %s instance fleet has an invalid target capacity.", lowerRole(f.InstanceFleetType))
	default:
		return nil
	}
}

type addFleetInput struct {
	ClusterID     string `json:"ClusterId"`
	InstanceFleet *fleetInput
}

type addFleetOutput struct {
	ClusterID       string `json:"ClusterId"`
	InstanceFleetID string `json:"InstanceFleetId"`
	ClusterArn      string
}

func (s *Server) addInstanceFleet(ctx context.Context, in *addFleetInput) (*addFleetOutput, error) {
	if err := in.InstanceFleet.validate(); err != nil {
		return nil, invalidated(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	if err := checkNewFleet(c, in.InstanceFleet); err != nil {
		return nil, err
	}
	f := newFleet(*in.InstanceFleet)
	c.Fleets = append(c.Fleets, f)
	s.save(ctx, c)
	s.resizeLater(c)
	return &addFleetOutput{ClusterID: c.Cluster.ID, InstanceFleetID: f.ID, ClusterArn: c.Cluster.ClusterArn}, nil
}

func checkNewFleet(c *record, f *fleetInput) error {
	role := func(r string) func(*fleetShape) bool {
		return func(f *fleetShape) bool { return f.InstanceFleetType == r }
	}
	switch {
	case len(c.Groups) > 0:
		return exclusive("groups", "fleets", "AddInstanceFleet", "AddInstanceGroups")
	case !c.ready():
		return invalid("", "An instance fleet may only be added when the cluster is running or waiting.")
	case f.InstanceFleetType != roleTask:
		return invalid("", "Only a task instance fleet can be added to a running cluster.")
	case slices.ContainsFunc(c.Fleets, role(roleTask)):
		return invalid("", "The cluster %s already has a task instance fleet.", c.Cluster.ID)
	case !slices.ContainsFunc(c.Fleets, role(roleCore)):
		return invalid("", "Clusters with task instance fleets must also define core instance fleets.")
	}
	return nil
}
