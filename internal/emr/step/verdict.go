package step

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/engine"
	"ephemr/internal/job"
	"ephemr/internal/result"
)

// Evidence is all that is known of an attempt.
type Evidence struct {
	Step    types.StepState
	Details *types.FailureDetails // of the step; often empty or late
	Result  *job.Result           // of the runner; nil = it left none
	Leaving bool                  // the step was interrupted so recently that its runner may still be at work
	Cluster engine.Capacity       // Unknown unless the step's state alone cannot explain the end
}

// OfAttempt weighs the evidence. The runner's result counts first, because EMR
// knows neither exit codes nor reasons; a step that EMR calls COMPLETED but
// whose runner left no result is not believed.
func OfAttempt(e Evidence) result.Verdict {
	switch {
	case Over(e.Step) && e.Result != nil:
		return result.Of(*e.Result, e.Step == types.StepStateCompleted, string(e.Step))
	case e.Step == types.StepStateCompleted:
		return result.Verdict{Over: true, Class: job.ClassLost, Reason: "the step completed but its runner left no result"}
	case e.Cluster.State == engine.Gone:
		return ofLostCluster(e)
	case e.Step == types.StepStateCancelled && e.Leaving:
		return result.Verdict{}
	case e.Step == types.StepStateFailed:
		return result.Verdict{Over: true, Class: job.ClassLost, Reason: withDetails("the step failed and its runner left no result", e.Details)}
	case e.Step == types.StepStateCancelled:
		return result.Verdict{Over: true, Class: job.ClassCancelled, Reason: "the step was cancelled"}
	case e.Step == types.StepStateInterrupted:
		return result.Verdict{Over: true, Class: job.ClassLost, Reason: "the step was interrupted"}
	}
	return result.Verdict{}
}

// Over reports whether a step has ended.
func Over(s types.StepState) bool {
	switch s {
	case types.StepStateCompleted, types.StepStateFailed, types.StepStateCancelled, types.StepStateInterrupted:
		return true
	case types.StepStatePending, types.StepStateRunning, types.StepStateCancelPending:
	}
	return false
}

// ofLostCluster explains an attempt whose cluster went away under it.
func ofLostCluster(e Evidence) result.Verdict {
	if e.Result != nil {
		return result.Of(*e.Result, true, "")
	}
	class := e.Cluster.Class
	if class != job.ClassCancelled {
		class = job.ClassLost
	}
	return result.Verdict{Over: true, Class: class, Reason: withDetails("the cluster went away: "+e.Cluster.Reason, e.Details)}
}

func withDetails(reason string, d *types.FailureDetails) string {
	if d == nil || aws.ToString(d.Message) == "" {
		return reason
	}
	return reason + ": " + aws.ToString(d.Message)
}
