package localemr

import (
	"context"
	"slices"
)

type clusterInput struct {
	ClusterID string `json:"ClusterId"`
	Marker    string
}

type describeClusterOutput struct{ Cluster clusterShape }

func (s *Server) describeCluster(_ context.Context, in *clusterInput) (*describeClusterOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	out := &describeClusterOutput{Cluster: c.Cluster}
	out.Cluster.Tags = slices.Clone(c.Cluster.Tags) // encoded after the lock is gone
	return out, nil
}

type listClustersInput struct {
	CreatedAfter  epoch
	CreatedBefore epoch
	ClusterStates []string
	Marker        string
}

type listClustersOutput struct {
	Clusters []clusterSummary
	Marker   string `json:",omitempty"`
}

func (s *Server) listClusters(_ context.Context, in *listClustersInput) (*listClustersOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	listed, marker, err := page(newestFirst(s.order), func(c *record) string { return c.Cluster.ID }, in.wants, in.Marker)
	if err != nil {
		return nil, err
	}
	out := &listClustersOutput{Clusters: []clusterSummary{}, Marker: marker}
	for _, c := range listed {
		if s.faults.take(kindListOmits, map[string]string{"cluster": c.Cluster.Name}) != nil {
			continue
		}
		out.Clusters = append(out.Clusters, clusterSummary{
			ID: c.Cluster.ID, Name: c.Cluster.Name, Status: c.Cluster.Status,
			NormalizedInstanceHours: c.Cluster.NormalizedInstanceHours, ClusterArn: c.Cluster.ClusterArn,
		})
	}
	return out, nil
}

func (in *listClustersInput) wants(c *record) bool {
	created := c.Cluster.Status.Timeline.CreationDateTime
	switch {
	case !in.CreatedAfter.IsZero() && created.Before(in.CreatedAfter.Time):
		return false
	case !in.CreatedBefore.IsZero() && created.After(in.CreatedBefore.Time):
		return false
	default:
		return len(in.ClusterStates) == 0 || slices.Contains(in.ClusterStates, c.state())
	}
}

type modifyClusterInput struct {
	ClusterID            string `json:"ClusterId"`
	StepConcurrencyLevel *int
	ExtendedSupport      *bool
}

type modifyClusterOutput struct {
	StepConcurrencyLevel int
	ExtendedSupport      bool
}

func (s *Server) modifyCluster(ctx context.Context, in *modifyClusterInput) (*modifyClusterOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(in.ClusterID)
	if err != nil {
		return nil, err
	}
	if c.isEnding() {
		return nil, invalid("", "%s", textNotModifiable)
	}
	if in.StepConcurrencyLevel != nil {
		if level := *in.StepConcurrencyLevel; level < 1 || level > maxConcurrency {
			return nil, invalid("", "The step concurrency level must be between 1 and %d.", maxConcurrency)
		}
		c.Cluster.StepConcurrencyLevel = *in.StepConcurrencyLevel
	}
	c.Cluster.ExtendedSupport = deref(in.ExtendedSupport, c.Cluster.ExtendedSupport)
	s.save(ctx, c)
	c.notify()
	return &modifyClusterOutput{StepConcurrencyLevel: c.Cluster.StepConcurrencyLevel, ExtendedSupport: c.Cluster.ExtendedSupport}, nil
}

type jobFlowsInput struct {
	JobFlowIDs                  []string `json:"JobFlowIds"`
	TerminationProtected        bool
	KeepJobFlowAliveWhenNoSteps bool
	VisibleToAllUsers           bool
	UnhealthyNodeReplacement    bool
}

type empty struct{}

// terminateJobFlows terminates all, or none when one of them is protected.
func (s *Server) terminateJobFlows(ctx context.Context, in *jobFlowsInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	flows, err := s.jobFlows(in.JobFlowIDs)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(flows, func(c *record) bool { return c.Cluster.TerminationProtected && !c.isEnding() }) {
		return nil, validation("%s", textProtected)
	}
	for _, c := range flows {
		s.end(ctx, c, reason{Code: codeUserRequest, Message: "Terminated by user request"})
	}
	return &empty{}, nil
}

// jobFlows finds clusters for the operations with JobFlowIds.
// s.mu must be held.
func (s *Server) jobFlows(ids []string) ([]*record, error) {
	switch {
	case len(ids) == 0:
		return nil, validation("Job flow ids must not be empty")
	case len(ids) > maxTerminations:
		return nil, validation("You can specify at most %d job flow ids in a request.", maxTerminations)
	}
	flows := make([]*record, len(ids))
	for i, id := range ids {
		c := s.clusters[id]
		if c == nil {
			return nil, validation("%s", textUnknownJobFlow)
		}
		flows[i] = c
	}
	return flows, nil
}
