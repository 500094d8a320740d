package localemr

import (
	"context"
	"encoding/json"
	"slices"
)

type addGroupsInput struct {
	JobFlowID      string `json:"JobFlowId"`
	InstanceGroups []groupInput
}

type addGroupsOutput struct {
	JobFlowID        string   `json:"JobFlowId"`
	InstanceGroupIDs []string `json:"InstanceGroupIds"`
	ClusterArn       string
}

// addInstanceGroups adds task groups to a running cluster.
func (s *Server) addInstanceGroups(ctx context.Context, in *addGroupsInput) (*addGroupsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clusters[in.JobFlowID]
	switch {
	case c == nil:
		return nil, validation("%s", textUnknownJobFlow)
	case c.isEnding():
		return nil, validation("%s", textNotModifiable)
	case len(c.Fleets) > 0:
		return nil, exclusive("fleets", "groups", "AddInstanceGroups", "AddInstanceFleet")
	case !c.ready():
		return nil, validation("An instance group may only be added when the job flow is running or waiting")
	case len(in.InstanceGroups) == 0:
		return nil, validation("At least one instance group must be specified.")
	}
	for _, g := range in.InstanceGroups {
		if err := g.validateNew(c); err != nil {
			return nil, err
		}
	}
	out := &addGroupsOutput{JobFlowID: c.Cluster.ID, InstanceGroupIDs: []string{}, ClusterArn: c.Cluster.ClusterArn}
	for _, added := range in.InstanceGroups {
		g := newGroup(added)
		c.Groups = append(c.Groups, g)
		out.InstanceGroupIDs = append(out.InstanceGroupIDs, g.ID)
	}
	s.save(ctx, c)
	s.resizeLater(c)
	return out, nil
}

func (g *groupInput) validateNew(c *record) error {
	if g.InstanceRole != roleTask {
		return validation("Only task instance groups can be added to a running job flow")
	}
	if err := g.validate(); err != nil {
		return err
	}
	if err := checkAutoScaling(g.AutoScalingPolicy, g.InstanceRole, c.Cluster.AutoScalingRole); err != nil {
		return err
	}
	if !slices.ContainsFunc(c.Groups, func(g *groupShape) bool { return g.InstanceGroupType == roleCore }) {
		return validation("Clusters with task nodes must also define core nodes.")
	}
	return nil
}

type modifyGroupsInput struct {
	ClusterID      string `json:"ClusterId"`
	InstanceGroups []groupChange
}

type groupChange struct {
	InstanceGroupID           string `json:"InstanceGroupId"`
	InstanceCount             *int
	EC2InstanceIDsToTerminate []string `json:"EC2InstanceIdsToTerminate"`
	ShrinkPolicy              json.RawMessage
	ReconfigurationType       string
	Configurations            json.RawMessage
}

// modifyInstanceGroups resizes groups. The id of the cluster is optional on EMR.
func (s *Server) modifyInstanceGroups(ctx context.Context, in *modifyGroupsInput) (*empty, error) {
	if len(in.InstanceGroups) == 0 {
		return nil, validation("Please provide at least one instance group to modify.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	touched := map[string]*record{}
	for _, change := range in.InstanceGroups {
		cluster := in.ClusterID
		if cluster == "" {
			cluster = s.clusterOfGroup(change.InstanceGroupID)
		}
		c, g, err := s.findGroup(cluster, change.InstanceGroupID)
		if err != nil {
			return nil, err
		}
		if err := change.check(c, g); err != nil {
			return nil, err
		}
		touched[change.InstanceGroupID] = c
	}
	for _, change := range in.InstanceGroups {
		c := touched[change.InstanceGroupID]
		change.apply(c)
		s.save(ctx, c)
		s.resizeLater(c)
	}
	return &empty{}, nil
}

func (s *Server) clusterOfGroup(id string) string {
	for _, c := range s.order {
		if slices.ContainsFunc(c.Groups, func(g *groupShape) bool { return g.ID == id }) {
			return c.Cluster.ID
		}
	}
	return ""
}

func (ch *groupChange) check(c *record, g *groupShape) error {
	switch {
	case !c.ready():
		return validation("An instance group may only be modified when the job flow is running or waiting")
	case len(ch.EC2InstanceIDsToTerminate) > 0:
		return unsupported("InstanceGroups.EC2InstanceIdsToTerminate")
	case ch.InstanceCount == nil && len(ch.Configurations) == 0 && len(ch.ShrinkPolicy) == 0:
		return validation("Please provide at least one change of instance group %s.", g.ID)
	case ch.InstanceCount == nil:
		return nil
	case g.InstanceGroupType == roleMaster:
		return validation("A master instance group may not be modified.")
	case *ch.InstanceCount < 0 || g.InstanceGroupType == roleCore && *ch.InstanceCount < 1:
		return validation("The %s instance group has an invalid instance count: %d", lowerRole(g.InstanceGroupType), *ch.InstanceCount)
	}
	return nil
}

func (ch *groupChange) apply(c *record) {
	for _, g := range c.Groups {
		if g.ID != ch.InstanceGroupID {
			continue
		}
		if ch.InstanceCount != nil {
			g.RequestedInstanceCount = *ch.InstanceCount
			g.Status.resizing()
		}
		if len(ch.Configurations) > 0 {
			g.Configurations = ch.Configurations
			g.ConfigurationsVersion++
		}
		if len(ch.ShrinkPolicy) > 0 {
			g.ShrinkPolicy = ch.ShrinkPolicy
		}
	}
}
