package awsfake

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

type emrStep struct {
	id, name string
	in       types.StepConfig
	role     *string
	state    types.StepState
	code     types.StepStateChangeReasonCode
	message  string
	failure  *types.FailureDetails
	created  time.Time
	start    *time.Time
	end      *time.Time
	timer    *alarm
}

func (s *emrStep) over() bool {
	switch s.state { //nolint:exhaustive // the others are over
	case types.StepStatePending, types.StepStateRunning, types.StepStateCancelPending:
		return false
	}
	return true
}

func (s *emrStep) describe() *types.Step {
	props := map[string]string{}
	for _, p := range s.in.HadoopJarStep.Properties {
		props[aws.ToString(p.Key)] = aws.ToString(p.Value)
	}
	return &types.Step{
		Id: new(s.id), Name: new(s.name), ActionOnFailure: s.in.ActionOnFailure, ExecutionRoleArn: s.role,
		Config: &types.HadoopStepConfig{Jar: s.in.HadoopJarStep.Jar, Args: slices.Clone(s.in.HadoopJarStep.Args), MainClass: s.in.HadoopJarStep.MainClass, Properties: props},
		Status: &types.StepStatus{
			State: s.state, StateChangeReason: &types.StepStateChangeReason{Code: s.code, Message: aws.String(s.message)}, FailureDetails: s.failure,
			Timeline: &types.StepTimeline{CreationDateTime: new(s.created), StartDateTime: s.start, EndDateTime: s.end},
		},
	}
}

// active counts the pending and running steps.
func (c *emrCluster) active() int {
	n := 0
	for _, s := range c.steps {
		if !s.over() {
			n++
		}
	}
	return n
}

func (f *EMR) addSteps(c *emrCluster, steps []types.StepConfig, role *string) []string {
	var ids []string
	for _, in := range steps {
		if in.ActionOnFailure == "" {
			in.ActionOnFailure = types.ActionOnFailureTerminateCluster
		}
		f.stepCount++
		s := &emrStep{id: emrID("s-", f.stepCount), name: *in.Name, in: in, role: role, created: time.Now()}
		c.steps = append(c.steps, s)
		ids = append(ids, s.id)
		f.enterStep(c, s, types.StepStatePending)
	}
	return ids
}

// schedule starts pending steps up to the concurrency level.
func (f *EMR) schedule(c *emrCluster) {
	if c.state != types.ClusterStateRunning && c.state != types.ClusterStateWaiting {
		return
	}
	busy := 0
	for _, s := range c.steps {
		if s.state == types.StepStateRunning || s.state == types.StepStateCancelPending {
			busy++
		}
	}
	for _, s := range c.steps {
		if s.state == types.StepStatePending && busy < c.concurrency {
			f.startStep(c, s)
			busy++
		}
	}
	if busy == 0 {
		f.settle(c)
	}
}

func (f *EMR) startStep(c *emrCluster, s *emrStep) {
	if c.state == types.ClusterStateWaiting {
		f.enter(c, types.ClusterStateRunning, "", "Running step")
	}
	s.start = new(time.Now())
	f.enterStep(c, s, types.StepStateRunning)
	d, end := f.config.Script(c.name, s.name)
	s.timer = f.later(d, func() {
		if !s.over() {
			f.endStep(c, s, end)
		}
	})
}

func (f *EMR) endStep(c *emrCluster, s *emrStep, state types.StepState) {
	f.closeStep(c, s, state)
	if state == types.StepStateFailed {
		s.failure = &types.FailureDetails{Reason: new("Unknown Error."), LogFile: new(aws.ToString(c.in.LogUri) + c.id + "/steps/" + s.id + "/stderr.gz")}
		f.actOnFailure(c, s)
	}
	f.schedule(c)
}

// actOnFailure applies the ActionOnFailure of a failed step. With concurrent steps
// EMR disregards anything but CONTINUE; under termination protection a cluster is
// kept and only its pending steps are cancelled.
func (f *EMR) actOnFailure(c *emrCluster, s *emrStep) {
	if c.concurrency > 1 {
		return
	}
	switch s.in.ActionOnFailure {
	case types.ActionOnFailureTerminateCluster, types.ActionOnFailureTerminateJobFlow:
		if !c.protected {
			f.terminate(c, types.ClusterStateTerminatedWithErrors, types.ClusterStateChangeReasonCodeStepFailure, "Shut down as step failed")
			return
		}
		f.cancelPending(c)
	case types.ActionOnFailureCancelAndWait:
		f.cancelPending(c)
	case types.ActionOnFailureContinue:
	}
}

func (f *EMR) cancelPending(c *emrCluster) {
	for _, s := range c.steps {
		if s.state == types.StepStatePending {
			f.closeStep(c, s, types.StepStateCancelled)
		}
	}
}

func (f *EMR) closeStep(c *emrCluster, s *emrStep, state types.StepState) {
	s.timer.stop()
	s.end = new(time.Now())
	f.enterStep(c, s, state)
}

// endSteps ends all steps with their cluster: running steps with the given state,
// pending ones as CANCELLED.
func (f *EMR) endSteps(c *emrCluster, running types.StepState) {
	f.cancelPending(c)
	for _, s := range c.steps {
		if !s.over() {
			f.closeStep(c, s, running)
		}
	}
}

// cancelStep answers whether the cancellation was accepted, and why not.
func (f *EMR) cancelStep(c *emrCluster, s *emrStep, kill bool) types.CancelStepsInfo {
	info := types.CancelStepsInfo{StepId: new(s.id), Status: types.CancelStepsRequestStatusSubmitted}
	switch {
	case s.over() || c.over():
		info.Status, info.Reason = types.CancelStepsRequestStatusFailed, new("Step "+s.id+" is in state "+string(s.state)+" and can not be cancelled.")
	case s.state == types.StepStatePending:
		f.closeStep(c, s, types.StepStateCancelled)
	default:
		f.stopStep(c, s, kill)
	}
	return info
}

// stopStep interrupts or kills a running step. One that ignores interrupts runs
// until it is killed.
func (f *EMR) stopStep(c *emrCluster, s *emrStep, kill bool) {
	if s.state == types.StepStateRunning {
		f.enterStep(c, s, types.StepStateCancelPending)
	}
	if !kill && f.config.Deaf != nil && f.config.Deaf(c.name, s.name) {
		return
	}
	if f.config.OnCancel != nil {
		f.config.OnCancel(c.name, s.name, kill)
	}
	f.later(f.config.Cancelling, func() {
		if s.state == types.StepStateCancelPending {
			f.endStep(c, s, types.StepStateCancelled)
		}
	})
}

func (f *EMR) enterStep(c *emrCluster, s *emrStep, state types.StepState) {
	s.state = state
	f.stepEvent(c, s)
}
