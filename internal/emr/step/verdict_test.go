package step_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/step"
	"ephemr/internal/engine"
	"ephemr/internal/job"
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
		alive  = engine.Capacity{State: engine.Busy}
		gone   = capacity(types.ClusterStateTerminatedWithErrors, types.ClusterStateChangeReasonCodeInstanceFailure)
		ended  = capacity(types.ClusterStateTerminating, types.ClusterStateChangeReasonCodeUserRequest)
	)
	for _, tt := range []struct {
		name    string
		step    types.StepState
		result  *job.Result
		cluster engine.Capacity
		want    job.Class
	}{
		{"pending", types.StepStatePending, nil, engine.Capacity{}, open},
		{"running", types.StepStateRunning, nil, engine.Capacity{}, open},
		{"running with a result is not over", types.StepStateRunning, ok, engine.Capacity{}, open},
		{"cancel pending", types.StepStateCancelPending, nil, alive, open},
		{"unknown step, cluster alive", "", nil, alive, open},
		{"completed, succeeded", types.StepStateCompleted, ok, engine.Capacity{}, ""},
		{"completed, nothing to do", types.StepStateCompleted, idle, engine.Capacity{}, ""},
		{"failed, nothing to do", types.StepStateFailed, idle, engine.Capacity{}, job.ClassLost},
		{"failed with 77, an older runner", types.StepStateFailed, older, engine.Capacity{}, job.ClassJob},
		{"completed, failed", types.StepStateCompleted, failed, engine.Capacity{}, job.ClassJob},
		{"completed, no result", types.StepStateCompleted, nil, engine.Capacity{}, job.ClassLost},
		{"completed, no result, cluster gone", types.StepStateCompleted, nil, gone, job.ClassLost},
		{"failed with class", types.StepStateFailed, data, engine.Capacity{}, job.ClassData},
		{"failed, exit code alone", types.StepStateFailed, plain, engine.Capacity{}, job.ClassJob},
		{"failed, result says success", types.StepStateFailed, ok, engine.Capacity{}, job.ClassLost},
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
			leaving := step.OfAttempt(step.Evidence{Step: tt.step, Result: tt.result, Cluster: tt.cluster, Leaving: true})
			v := step.OfAttempt(step.Evidence{Step: tt.step, Result: tt.result, Cluster: tt.cluster})
			if want := v.Over && tt.name != "cancelled"; leaving.Over != want {
				t.Errorf("over while its runner may be at work: %t, want %t", leaving.Over, want)
			}
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

// capacity is a cluster in a state, for a reason.
func capacity(state types.ClusterState, code types.ClusterStateChangeReasonCode) engine.Capacity {
	return cluster.Capacity("j-1", &types.ClusterStatus{State: state, StateChangeReason: &types.ClusterStateChangeReason{Code: code}})
}
