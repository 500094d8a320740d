package localemr

import (
	"context"
	"syscall"
	"time"
)

// Values of ActionOnFailure.
const (
	actionTerminate    = "TERMINATE_CLUSTER"
	actionTerminateOld = "TERMINATE_JOB_FLOW"
	actionCancel       = "CANCEL_AND_WAIT"
	actionContinue     = "CONTINUE"
)

// runSteps starts steps up to the concurrency level, until the cluster ends.
func (s *Server) runSteps(ctx context.Context, c *record) {
	for ctx.Err() == nil {
		idle := s.schedule(ctx, c)
		timer := time.NewTimer(idle)
		if idle <= 0 {
			timer.Stop()
		}
		select {
		case <-timer.C:
		case <-c.wake:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// schedule starts pending steps and sets the cluster's state. It returns how long
// the cluster may still be idle, or 0 without a limit.
func (s *Server) schedule(ctx context.Context, c *record) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.isEnding() || s.stopped.Err() != nil {
		return 0
	}
	s.startPending(ctx, c)
	s.scale(ctx, c)
	if c.countSteps((*stepShape).active) > 0 {
		if c.state() == stateWaiting {
			s.setCluster(ctx, c, stateRunning, reason{Message: "Running step"})
		}
		return s.idle(ctx, c)
	}
	if c.Cluster.AutoTerminate {
		s.end(ctx, c, reason{Code: codeAllDone, Message: "Steps completed"})
		return 0
	}
	s.await(ctx, c)
	return s.idle(ctx, c)
}

// startPending starts steps up to the concurrency level, oldest first.
func (s *Server) startPending(ctx context.Context, c *record) {
	room := c.Cluster.StepConcurrencyLevel - c.countSteps(func(st *stepShape) bool {
		return st.active() && st.Status.State != statePending
	})
	for _, st := range c.Steps {
		if room <= 0 {
			return
		}
		if st.Status.State == statePending {
			s.startStep(ctx, c, st)
			room--
		}
	}
}

// await moves c to WAITING.
func (s *Server) await(ctx context.Context, c *record) {
	if c.state() == stateWaiting {
		return
	}
	message := "Cluster ready after last step completed."
	if len(c.Steps) == 0 {
		message = "Cluster ready to run steps."
	}
	s.setCluster(ctx, c, stateWaiting, reason{Message: message})
}

// actOnFailure applies the ActionOnFailure of a failed step. With concurrent steps
// EMR disregards anything but CONTINUE; under termination protection a cluster is
// kept and only its pending steps are cancelled.
func (s *Server) actOnFailure(ctx context.Context, c *record, st *stepShape) {
	if c.Cluster.StepConcurrencyLevel > 1 {
		return
	}
	switch st.ActionOnFailure {
	case actionTerminate, actionTerminateOld:
		if !c.Cluster.TerminationProtected {
			s.end(ctx, c, reason{Code: codeStepFailure, Message: "Shut down as step failed"})
			return
		}
		s.cancelPending(ctx, c, "Job terminated")
	case actionCancel:
		s.cancelPending(ctx, c, "Job terminated")
	default:
	}
}

// cancelPending cancels the steps that have not started. s.mu must be held.
func (s *Server) cancelPending(ctx context.Context, c *record, message string) {
	for _, st := range c.Steps {
		if st.Status.State == statePending {
			s.setStep(ctx, c, st, stateCancelled, reason{Message: message})
		}
	}
}

// setStep moves a step to a state, saves it and sends the event.
// s.mu must be held.
func (s *Server) setStep(ctx context.Context, c *record, st *stepShape, state string, why reason) {
	st.Status.State = state
	st.Status.StateChangeReason = why
	switch {
	case state == stateRunning:
		st.Status.Timeline.StartDateTime = now()
	case !st.active():
		st.Status.Timeline.EndDateTime = now()
	}
	s.save(ctx, c)
	s.sendStepEvent(c, st)
}

func (s *Server) register(c *record, process string) *attempt {
	a := &attempt{}
	c.attempts[process] = a
	return a
}

func (s *Server) unregister(c *record, process string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(c.attempts, process)
	c.notify()
}

// cancelStep cancels a pending step at once and signals a running one, which is
// CANCELLED when its process has ended. s.mu must be held.
func (s *Server) cancelStep(ctx context.Context, c *record, st *stepShape, sig syscall.Signal) {
	if st.Status.State == statePending {
		s.setStep(ctx, c, st, stateCancelled, reason{Message: "Cancelled by user"})
		return
	}
	if st.Status.State == stateRunning {
		s.setStep(ctx, c, st, stateCancelPending, reason{})
	}
	if a := c.attempts[st.ID]; a != nil {
		a.cancel(sig)
	}
}
