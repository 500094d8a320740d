package localemr

import (
	"context"
	"time"
)

// begin adds c and starts to drive it. s.mu must be held.
func (s *Server) begin(c *record) {
	c.prepare()
	s.clusters[c.Cluster.ID] = c
	s.order = append(s.order, c)
	if c.Number == 0 {
		c.Number = len(s.order)
	}
	s.fleet.Go(func() { s.drive(c) })
}

// resume continues a cluster that an earlier server left on disk. EMR's control
// plane may restart without effect on a cluster; here the steps' processes ended
// with the server, so its running steps have failed.
func (s *Server) resume(c *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.over() {
		c.prepare()
		s.clusters[c.Cluster.ID] = c
		s.order = append(s.order, c)
		return
	}
	c.prepare()
	for _, st := range c.Steps {
		switch st.Status.State {
		case stateRunning:
			st.Status.FailureDetails = &failureDetails{Reason: "Unknown Error.", Message: "The step's process was lost in a restart."}
			s.setStep(s.stopped, c, st, stateFailed, reason{})
			s.actOnFailure(s.stopped, c, st)
		case stateCancelPending:
			s.setStep(s.stopped, c, st, stateCancelled, reason{})
		default:
		}
	}
	s.begin(c)
	s.settle(s.stopped, c)
}

// sweepLost ends the processes of a server that was killed: steps, and bootstrap
// actions that will be run again. Daemons that a finished bootstrap action started
// keep running, as the cluster does.
func (s *Server) sweepLost(known []*record) {
	states := map[string]string{}
	for _, c := range known {
		if !c.over() {
			states[c.Cluster.ID] = c.state()
		}
	}
	if len(states) == 0 {
		return
	}
	s.processes.sweep(func(cluster, process string) bool {
		state, ok := states[cluster]
		return ok && (process != "" || state == stateBootstrapping)
	})
}

// drive moves one cluster through its states.
func (s *Server) drive(c *record) {
	ctx, cancel := context.WithCancel(s.stopped)
	defer cancel()
	s.fleet.Go(func() {
		select {
		case <-c.ended:
			cancel()
		case <-ctx.Done():
		}
	})
	for _, phase := range []func(context.Context, *record){s.provision, s.bootstrap, s.runSteps} {
		if ctx.Err() == nil {
			phase(ctx, c)
		}
	}
	if s.stopped.Err() == nil {
		s.shutDown(s.stopped, c)
	}
}

// provision waits for EC2.
func (s *Server) provision(ctx context.Context, c *record) {
	for s.waitForInstances(ctx, c) {
		s.mu.Lock()
		switch short := c.Shortfall; {
		case short == nil:
			c.setInstances(stateBootstrapping)
			s.setCluster(ctx, c, stateBootstrapping, reason{})
		case short.Again:
			s.ask(ctx, c)
		default:
			s.end(ctx, c, short.Reason, short.Details...)
		}
		s.mu.Unlock()
	}
}

// waitForInstances waits for EC2's answer; false says that c is not STARTING any
// more.
func (s *Server) waitForInstances(ctx context.Context, c *record) bool {
	s.mu.Lock()
	state, until := c.state(), c.Provisioned
	s.mu.Unlock()
	return state == stateStarting && pause(ctx, time.Until(until.Time))
}

// markReady ends the bootstrapping.
func (s *Server) markReady(ctx context.Context, c *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.isEnding() {
		return
	}
	c.Cluster.Status.Timeline.ReadyDateTime = now()
	if s.faults.take(kindProtected, map[string]string{"cluster": c.Cluster.Name}) != nil {
		c.Cluster.TerminationProtected = true
	}
	c.setInstances(stateRunning)
	s.setCluster(ctx, c, stateRunning, reason{Message: "Running step"})
}

// end decides that c terminates, and why. The first decision counts.
// s.mu must be held.
func (s *Server) end(ctx context.Context, c *record, why reason, details ...errorDetail) {
	if c.isEnding() {
		return
	}
	c.Ending = &ending{Reason: why, Details: details}
	close(c.ended)
	s.setCluster(ctx, c, stateTerminating, why)
}

// shutDown waits for the processes, which are signalled at the end of the
// cluster's context, and sets the final state.
func (s *Server) shutDown(ctx context.Context, c *record) {
	for s.busy(ctx, c) {
		select {
		case <-c.wake:
		case <-ctx.Done():
			return
		}
	}
	if s.ranSomething(c) {
		s.processes.sweep(func(cluster, _ string) bool { return cluster == c.Cluster.ID })
		s.endOrphans()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Cluster.Status.Timeline.EndDateTime = now()
	c.Cluster.Status.ErrorDetails = c.Ending.Details // not before: the documentation does not promise more
	c.setInstances(stateTerminated)
	s.setCluster(ctx, c, c.Ending.finalState(), c.Ending.Reason)
}

// ranSomething says whether c can have left processes; the search for them is
// expensive.
func (s *Server) ranSomething(c *record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(c.Bootstraps) > 0 || c.countSteps(func(st *stepShape) bool { return !st.Status.Timeline.StartDateTime.IsZero() }) > 0
}

// busy cancels the pending steps and says whether processes still run.
func (s *Server) busy(ctx context.Context, c *record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelPending(ctx, c, "Job terminated")
	return len(c.attempts) > 0
}

// setCluster moves c to a state, saves it and sends the event.
// s.mu must be held.
func (s *Server) setCluster(ctx context.Context, c *record, state string, why reason) {
	c.Cluster.Status.State = state
	c.Cluster.Status.StateChangeReason = why
	s.save(ctx, c)
	s.sendClusterEvent(c)
}

// pause waits for d; false says that ctx was done before.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
