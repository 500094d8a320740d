package localemr

import "context"

type putAutoTerminationInput struct {
	ClusterID             string `json:"ClusterId"`
	AutoTerminationPolicy *autoTerminationPolicy
}

type autoTerminationOutput struct {
	AutoTerminationPolicy *autoTerminationPolicy `json:",omitempty"`
}

func (s *Server) putAutoTerminationPolicy(ctx context.Context, in *putAutoTerminationInput) (*empty, error) {
	if in.AutoTerminationPolicy == nil {
		in.AutoTerminationPolicy = &autoTerminationPolicy{}
	}
	if err := validateIdle(in.AutoTerminationPolicy); err != nil {
		return nil, err
	}
	return s.change(ctx, in.ClusterID, func(c *record) { c.AutoTermination = in.AutoTerminationPolicy })
}

func (s *Server) getAutoTerminationPolicy(_ context.Context, in *clusterInput) (*autoTerminationOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	return &autoTerminationOutput{AutoTerminationPolicy: c.AutoTermination}, nil
}

func (s *Server) removeAutoTerminationPolicy(ctx context.Context, in *clusterInput) (*empty, error) {
	return s.change(ctx, in.ClusterID, func(c *record) { c.AutoTermination = nil })
}

type putManagedScalingInput struct {
	ClusterID            string `json:"ClusterId"`
	ManagedScalingPolicy *managedScalingPolicy
}

type managedScalingOutput struct {
	ManagedScalingPolicy *managedScalingPolicy `json:",omitempty"`
}

// putManagedScalingPolicy sets the policy and applies it, see scale.
func (s *Server) putManagedScalingPolicy(ctx context.Context, in *putManagedScalingInput) (*empty, error) {
	if err := validateScaling(in.ManagedScalingPolicy); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	if err := checkScaling(in.ManagedScalingPolicy, len(c.Fleets) > 0, c.Cluster.ReleaseLabel); err != nil {
		return nil, err
	}
	if c.isEnding() {
		return nil, validation("%s", textNotModifiable)
	}
	c.ManagedScaling = in.ManagedScalingPolicy
	s.save(ctx, c)
	s.scale(ctx, c)
	return &empty{}, nil
}

func (s *Server) getManagedScalingPolicy(_ context.Context, in *clusterInput) (*managedScalingOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	return &managedScalingOutput{ManagedScalingPolicy: c.ManagedScaling}, nil
}

func (s *Server) removeManagedScalingPolicy(ctx context.Context, in *clusterInput) (*empty, error) {
	return s.change(ctx, in.ClusterID, func(c *record) { c.ManagedScaling = nil })
}

// change changes a cluster that is not terminating.
func (s *Server) change(ctx context.Context, id string, do func(*record)) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(id)
	if err != nil {
		return nil, err
	}
	if c.isEnding() {
		return nil, validation("%s", textNotModifiable)
	}
	do(c)
	s.save(ctx, c)
	c.notify()
	return &empty{}, nil
}
