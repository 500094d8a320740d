package localemr

import (
	"context"
	"encoding/json"
	"slices"
)

// autoScalingPolicy is a custom automatic scaling policy of an instance group.
// localemr has no metrics, so it never scales.
type autoScalingPolicy struct {
	Constraints struct{ MinCapacity, MaxCapacity int }
	Rules       json.RawMessage
}

type autoScalingDescription struct {
	Status autoScalingStatus
	autoScalingPolicy
}

type autoScalingStatus struct {
	State             string
	StateChangeReason *reason `json:",omitempty"`
}

type putAutoScalingInput struct {
	ClusterID         string `json:"ClusterId"`
	InstanceGroupID   string `json:"InstanceGroupId"`
	AutoScalingPolicy *autoScalingPolicy
}

type putAutoScalingOutput struct {
	ClusterID         string `json:"ClusterId"`
	InstanceGroupID   string `json:"InstanceGroupId"`
	AutoScalingPolicy autoScalingDescription
	ClusterArn        string
}

func (s *Server) putAutoScalingPolicy(ctx context.Context, in *putAutoScalingInput) (*putAutoScalingOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, g, err := s.findGroup(in.ClusterID, in.InstanceGroupID)
	if err != nil {
		return nil, err
	}
	if err := checkAutoScaling(in.AutoScalingPolicy, g.InstanceGroupType, c.Cluster.AutoScalingRole); err != nil {
		return nil, err
	}
	g.attach(in.AutoScalingPolicy)
	s.save(ctx, c)
	out := &putAutoScalingOutput{ClusterID: c.Cluster.ID, InstanceGroupID: g.ID, AutoScalingPolicy: *g.AutoScalingPolicy, ClusterArn: c.Cluster.ClusterArn}
	out.AutoScalingPolicy.Status.State = statePending // it is attached by the next look
	return out, nil
}

func checkAutoScaling(p *autoScalingPolicy, role, autoScalingRole string) error {
	switch {
	case p == nil:
		return nil
	case role == roleMaster:
		return validation("An automatic scaling policy can be attached to core and task instance groups only.")
	case autoScalingRole == "":
		return validation("An automatic scaling policy requires the AutoScalingRole of the cluster.")
	case p.Constraints.MinCapacity < 0 || p.Constraints.MaxCapacity < p.Constraints.MinCapacity:
		return validation("MaxCapacity of an automatic scaling policy must be greater than or equal to MinCapacity, which must not be negative.")
	}
	return nil
}

func (g *groupShape) attach(p *autoScalingPolicy) {
	if p != nil {
		why := &reason{Code: codeUserRequest}
		g.AutoScalingPolicy = &autoScalingDescription{autoScalingPolicy: *p, Status: autoScalingStatus{State: "ATTACHED", StateChangeReason: why}}
	}
}

type removeAutoScalingInput struct {
	ClusterID       string `json:"ClusterId"`
	InstanceGroupID string `json:"InstanceGroupId"`
}

func (s *Server) removeAutoScalingPolicy(ctx context.Context, in *removeAutoScalingInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, g, err := s.findGroup(in.ClusterID, in.InstanceGroupID)
	if err != nil {
		return nil, err
	}
	g.AutoScalingPolicy = nil
	s.save(ctx, c)
	return &empty{}, nil
}

// findGroup finds an instance group that may be changed. s.mu must be held.
func (s *Server) findGroup(cluster, group string) (*record, *groupShape, error) {
	c, err := s.find(cluster)
	if err != nil {
		return nil, nil, err
	}
	if c.isEnding() {
		return nil, nil, validation("%s", textNotModifiable)
	}
	i := slices.IndexFunc(c.Groups, func(g *groupShape) bool { return g.ID == group })
	if i < 0 {
		return nil, nil, noGroup(group)
	}
	return c, c.Groups[i], nil
}

func noGroup(id string) error { return invalid("", "Instance group id '%s' is not valid.", id) }
