package outcome_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/job"
	"ephemr/internal/outcome"
)

// open is not a class: the attempt goes on.
const open job.Class = "open"

// The verdict over an attempt for every step state, with and without a result
// and a cluster.
func TestOfAttempt(t *testing.T) {
	t.Parallel()
	var (
		ok     = &job.Result{Job: "a", Attempt: 1}
		failed = &job.Result{Job: "a", Attempt: 1, ExitCode: 3, Class: job.ClassJob}
		idle   = &job.Result{Job: "a", Attempt: 1, ExitCode: job.NothingToDo, NothingToDo: true}
		older  = &job.Result{Job: "a", Attempt: 1, ExitCode: job.NothingToDo, Class: job.ClassJob}
		plain  = &job.Result{Job: "a", Attempt: 1, ExitCode: 3}
		data   = &job.Result{Job: "a", Attempt: 1, ExitCode: 1, Class: job.ClassData}
		alive  = &types.ClusterStatus{State: types.ClusterStateRunning}
		gone   = status(types.ClusterStateTerminatedWithErrors, types.ClusterStateChangeReasonCodeInstanceFailure)
		ended  = status(types.ClusterStateTerminating, types.ClusterStateChangeReasonCodeUserRequest)
	)
	for _, tt := range []struct {
		name    string
		step    types.StepState
		result  *job.Result
		cluster *types.ClusterStatus
		want    job.Class
	}{
		{"pending", types.StepStatePending, nil, nil, open},
		{"running", types.StepStateRunning, nil, nil, open},
		{"running with a result is not over", types.StepStateRunning, ok, nil, open},
		{"cancel pending", types.StepStateCancelPending, nil, alive, open},
		{"unknown step, cluster alive", "", nil, alive, open},
		{"completed, succeeded", types.StepStateCompleted, ok, nil, ""},
		{"completed, nothing to do", types.StepStateCompleted, idle, nil, ""},
		{"failed, nothing to do", types.StepStateFailed, idle, nil, job.ClassLost},
		{"failed with 77, an older runner", types.StepStateFailed, older, nil, job.ClassJob},
		{"completed, failed", types.StepStateCompleted, failed, nil, job.ClassJob},
		{"completed, no result", types.StepStateCompleted, nil, nil, job.ClassLost},
		{"completed, no result, cluster gone", types.StepStateCompleted, nil, gone, job.ClassLost},
		{"failed with class", types.StepStateFailed, data, nil, job.ClassData},
		{"failed, exit code alone", types.StepStateFailed, plain, nil, job.ClassJob},
		{"failed, result says success", types.StepStateFailed, ok, nil, job.ClassLost},
		{"failed, no result", types.StepStateFailed, nil, alive, job.ClassLost},
		{"failed, no result, cluster gone", types.StepStateFailed, nil, gone, job.ClassLost},
		{"failed, no result, cluster ended", types.StepStateFailed, nil, ended, job.ClassCancelled},
		{"cancelled", types.StepStateCancelled, nil, alive, job.ClassCancelled},
		{"cancelled, result of the end", types.StepStateCancelled, failed, alive, job.ClassJob},
		{"cancelled, cluster gone", types.StepStateCancelled, nil, gone, job.ClassLost},
		{"cancelled, cluster ended", types.StepStateCancelled, nil, ended, job.ClassCancelled},
		{"interrupted", types.StepStateInterrupted, nil, alive, job.ClassLost},
		{"interrupted, cluster gone", types.StepStateInterrupted, nil, gone, job.ClassLost},
		{"running, cluster gone", types.StepStateRunning, nil, gone, job.ClassLost},
		{"unknown step, cluster gone", "", nil, gone, job.ClassLost},
		{"unknown step, cluster gone, result left", "", ok, gone, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := outcome.OfAttempt(outcome.Evidence{Step: tt.step, Result: tt.result, Cluster: tt.cluster})
			got := v.Class
			if !v.Over {
				got = open
			}
			if got != tt.want {
				t.Errorf("class %q (%s), want %q", got, v.Reason, tt.want)
			}
			if v.Over && v.Class != "" && v.Reason == "" && tt.result == nil {
				t.Error("no reason is given")
			}
		})
	}
}

func status(state types.ClusterState, code types.ClusterStateChangeReasonCode) *types.ClusterStatus {
	return &types.ClusterStatus{State: state, StateChangeReason: &types.ClusterStateChangeReason{Code: code}}
}
