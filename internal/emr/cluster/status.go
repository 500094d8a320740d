package cluster

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/engine"
	"ephemr/internal/job"
)

// Reason says why a cluster is gone or going.
func Reason(s *types.ClusterStatus) (job.Class, string) {
	why, reason := decisive(s)
	return why.class, reason
}

// decisive finds the signal in a status that explains the end of its cluster.
func decisive(s *types.ClusterStatus) (signal, string) {
	if s == nil {
		return signal{class: job.ClassLost}, "EMR does not know the cluster"
	}
	var code types.ClusterStateChangeReasonCode
	var message string
	if s.StateChangeReason != nil {
		code, message = s.StateChangeReason.Code, aws.ToString(s.StateChangeReason.Message)
	}
	words, detail := message, ""
	for _, d := range s.ErrorDetails {
		words += "\n" + aws.ToString(d.ErrorCode) + "\n" + aws.ToString(d.ErrorMessage)
		detail = cmp.Or(detail, aws.ToString(d.ErrorMessage), aws.ToString(d.ErrorCode))
	}
	return read(code, words), strings.TrimSuffix(strings.TrimSpace(string(code)+": "+cmp.Or(message, detail)), ":")
}

// State is a cluster's state as the control plane knows it.
func State(s types.ClusterState) engine.State {
	switch s {
	case types.ClusterStateStarting, types.ClusterStateBootstrapping:
		return engine.Starting
	case types.ClusterStateRunning:
		return engine.Busy
	case types.ClusterStateWaiting:
		return engine.Idle
	case types.ClusterStateTerminating, types.ClusterStateTerminated, types.ClusterStateTerminatedWithErrors:
		return engine.Gone
	}
	return engine.Unknown
}

// Capacity is a cluster with this status.
func Capacity(id string, s *types.ClusterStatus) engine.Capacity {
	c := engine.Capacity{ID: id, State: engine.Gone}
	if s != nil {
		c.State = State(s.State)
	}
	c.Provisioning = s != nil && s.State == types.ClusterStateStarting
	if c.State == engine.Gone {
		why, reason := decisive(s)
		c.Class, c.Reason, c.Retry = why.class, reason, why.retry
		c.Unexplained = s != nil && s.State == types.ClusterStateTerminating && why.vague() && len(s.ErrorDetails) == 0
	}
	return c
}
