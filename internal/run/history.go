package run

import "ephemr/internal/fault"

// Step Functions ends an execution after 25,000 events of its history, and nothing of
// it can clean up then. SubmitSteps therefore counts: each time that the state is
// entered it passes on, through the state machine's data, how many events there
// were before.
// Source: AWS Step Functions Developer Guide, "Service quotas". A test compares the
// figures with the state machine.
const (
	RoundEvents   = 8   // SubmitSteps and JobsLeft, once
	RetryEvents   = 4   // another try of a function
	ClusterEvents = 450 // CreateCluster, with every retry
	HoldEvents    = 800 // a wait for a person: ReleaseCluster, AwaitApproval and Approved, with every retry
	MaxEvents     = 21_500

	// MaxClusters is how many attempts to get a cluster an execution makes. A run has as
	// many as its profile has fallbacks, and one for each cluster of a pool that
	// ended before the run's first step.
	MaxClusters = 20
)

// History is a lower bound of the events of an execution, as far as it depends on the
// number of jobs and retries.
type History struct {
	Events int `json:"history"`
}

// Round adds another round of SubmitSteps, with its retries so far. It fails when the
// execution has to end while it still can.
func (r *Record) Round(h History, retries int) (History, error) {
	clusters := 0
	for _, c := range r.Clusters {
		if c.Restart == r.Run.Restarts {
			clusters++
		}
	}
	holds := 0
	for _, j := range r.Jobs {
		if j.Approval != nil {
			holds++
		}
	}
	h.Events += RoundEvents + retries*RetryEvents
	if h.Events+clusters*ClusterEvents+holds*HoldEvents > MaxEvents {
		return h, fault.New(fault.Limit, "the execution of run %s has %d events, and Step Functions ends one after 25,000: "+
			"its jobs have too many attempts; ephemr retry continues it, with the jobs that succeeded", r.Run.ID, h.Events)
	}
	return h, nil
}

// MoreClusters fails when the execution has made too many attempts to get a cluster.
func (r *Record) MoreClusters() error {
	failed := 0
	for _, c := range r.Clusters {
		if c.Restart == r.Run.Restarts && c.State == ClusterFailed {
			failed++
		}
	}
	if failed >= MaxClusters {
		return fault.New(fault.Limit, "run %s has lost %d clusters before its first job began; ephemr show lists why", r.Run.ID, failed)
	}
	return nil
}
