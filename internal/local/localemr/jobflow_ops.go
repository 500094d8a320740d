package localemr

import "context"

type jobFlowsInput struct {
	JobFlowIDs                  []string `json:"JobFlowIds"`
	TerminationProtected        bool
	KeepJobFlowAliveWhenNoSteps bool
	VisibleToAllUsers           bool
	UnhealthyNodeReplacement    bool
}

type empty struct{}

// terminateJobFlows terminates those that are not protected, even when it then
// answers that others are.
func (s *Server) terminateJobFlows(ctx context.Context, in *jobFlowsInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	flows, err := s.jobFlows(in.JobFlowIDs)
	if err != nil {
		return nil, err
	}
	refused := false
	for _, c := range flows {
		if c.Cluster.TerminationProtected && !c.isEnding() {
			refused = true
			continue
		}
		s.end(ctx, c, reason{Code: codeUserRequest, Message: "Terminated by user request"})
	}
	if refused {
		return nil, validation("%s", textProtected)
	}
	return &empty{}, nil
}

func (s *Server) setTerminationProtection(ctx context.Context, in *jobFlowsInput) (*empty, error) {
	return s.setFlag(ctx, in, func(c *record) { c.Cluster.TerminationProtected = in.TerminationProtected })
}

// setKeepJobFlowAlive also ends a cluster that waits, once it is not kept alive.
func (s *Server) setKeepJobFlowAlive(ctx context.Context, in *jobFlowsInput) (*empty, error) {
	return s.setFlag(ctx, in, func(c *record) { c.Cluster.AutoTerminate = !in.KeepJobFlowAliveWhenNoSteps })
}

// setVisibleToAllUsers accepts both values, but has no effect, as on EMR.
func (s *Server) setVisibleToAllUsers(ctx context.Context, in *jobFlowsInput) (*empty, error) {
	return s.setFlag(ctx, in, func(*record) {})
}

func (s *Server) setUnhealthyNodeReplacement(ctx context.Context, in *jobFlowsInput) (*empty, error) {
	return s.setFlag(ctx, in, func(c *record) { c.Cluster.UnhealthyNodeReplace = in.UnhealthyNodeReplacement })
}

// setFlag changes all clusters of a request, or none.
func (s *Server) setFlag(ctx context.Context, in *jobFlowsInput, set func(*record)) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	flows, err := s.jobFlows(in.JobFlowIDs)
	if err != nil {
		return nil, err
	}
	for _, c := range flows {
		if c.isEnding() {
			return nil, validation("%s", textNotModifiable)
		}
	}
	for _, c := range flows {
		set(c)
		s.save(ctx, c)
		c.notify()
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
