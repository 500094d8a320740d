package outcome

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/job"
)

// Attempt is the verdict over one attempt of a job.
type Attempt struct {
	Over   bool
	Class  job.Class // "" = succeeded
	Reason string
}

// Evidence is all that is known of an attempt.
type Evidence struct {
	Step    types.StepState
	Details *types.FailureDetails // of the step; often empty or late
	Result  *job.Result           // the runner's word; nil = it left none
	Cluster *types.ClusterStatus  // nil unless the step's state alone cannot explain the end
}

// OfAttempt weighs the evidence. The runner's result counts first, because EMR
// knows neither exit codes nor reasons; a step that EMR calls COMPLETED but
// whose runner left no result is not believed.
func OfAttempt(e Evidence) Attempt {
	switch {
	case stepOver(e.Step) && e.Result != nil:
		return ofResult(*e.Result, e.Step)
	case e.Step == types.StepStateCompleted:
		return Attempt{true, job.ClassLost, "the step completed but its runner left no result"}
	case e.Cluster != nil && Gone(e.Cluster.State):
		return ofLostCluster(e)
	case e.Step == types.StepStateFailed:
		return Attempt{true, job.ClassLost, withDetails("the step failed and its runner left no result", e.Details)}
	case e.Step == types.StepStateCancelled:
		return Attempt{true, job.ClassCancelled, "the step was cancelled"}
	case e.Step == types.StepStateInterrupted:
		return Attempt{true, job.ClassLost, "the step was interrupted"}
	}
	return Attempt{}
}

func stepOver(s types.StepState) bool {
	switch s {
	case types.StepStateCompleted, types.StepStateFailed, types.StepStateCancelled, types.StepStateInterrupted:
		return true
	case types.StepStatePending, types.StepStateRunning, types.StepStateCancelPending:
	}
	return false
}

func ofResult(r job.Result, s types.StepState) Attempt {
	switch {
	case r.Succeeded() && s == types.StepStateCompleted:
		return Attempt{Over: true}
	case r.Succeeded():
		return Attempt{true, job.ClassLost, fmt.Sprintf("the program succeeded but its step ended %s", s)}
	case r.Class == "":
		return Attempt{true, job.ClassJob, fmt.Sprintf("exited %d", r.ExitCode)}
	}
	return Attempt{true, r.Class, r.Reason}
}

// ofLostCluster explains an attempt whose cluster went away under it.
func ofLostCluster(e Evidence) Attempt {
	if e.Result != nil {
		return ofResult(*e.Result, types.StepStateCompleted)
	}
	class, reason := OfCluster(e.Cluster)
	if class != job.ClassCancelled {
		class = job.ClassLost
	}
	return Attempt{true, class, withDetails("the cluster went away: "+reason, e.Details)}
}

func withDetails(reason string, d *types.FailureDetails) string {
	if d == nil || aws.ToString(d.Message) == "" {
		return reason
	}
	return reason + ": " + aws.ToString(d.Message)
}
