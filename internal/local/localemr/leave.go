package localemr

import (
	"context"
	"time"
)

// leaveInterval is how often the processes of an interrupted step are looked at.
const leaveInterval = 50 * time.Millisecond

// sweepStep kills the processes that a step has left. What an interrupted step runs
// was not interrupted itself: on EMR it goes on, and the step is CANCELLED without
// it. Since EMR polls the step's process, that is reported a moment later; what it
// has left is killed when it has ended.
func (s *Server) sweepStep(ctx context.Context, a *attempt, job stepJob) {
	report, cancel := context.WithTimeout(ctx, job.report)
	defer cancel()
	if !ended(report, a) {
		s.fleet.Go(func() {
			if ended(ctx, a) {
				s.sweepProcess(job)
			}
		})
		return
	}
	s.sweepProcess(job)
}

func (s *Server) sweepProcess(job stepJob) {
	s.processes.sweep(func(cluster, process string) bool { return cluster == job.cluster && process == job.id })
	s.endOrphans()
}

// ended waits until nothing lingers of an interrupted step; false says
// that ctx was done before.
func ended(ctx context.Context, a *attempt) bool {
	for a.lingers() {
		if !pause(ctx, leaveInterval) {
			return false
		}
	}
	return true
}
