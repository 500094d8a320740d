package localemr

import "context"

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
