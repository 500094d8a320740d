package simulation

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// early is the state of a step that goes on although the result of its attempt is
// recorded by this write, or "". The caller does not hold the lock.
func (c *checker) early(old, now awsfake.Item) emrtypes.StepState {
	if !strings.HasPrefix(text(now["sk"]), "JOB#") || text(old["state"]) != string(run.JobRunning) || text(now["state"]) == string(run.JobRunning) {
		return ""
	}
	if text(now["state"]) != string(run.JobSucceeded) && text(now["class"]) != string(job.ClassJob) {
		return "" // other classes need no result
	}
	for _, s := range c.w.EMR.Steps(text(old["clusterId"])) {
		going := []emrtypes.StepState{emrtypes.StepStatePending, emrtypes.StepStateRunning, emrtypes.StepStateCancelPending}
		if aws.ToString(s.Id) == text(old["stepId"]) && slices.Contains(going, s.Status.State) {
			return s.Status.State
		}
	}
	return ""
}
