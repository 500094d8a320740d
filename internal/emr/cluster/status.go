package cluster

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/engine"
	"ephemr/internal/job"
)

// signal is a row of the table that turns EMR's words into a failure class: the
// first row whose every part matches decides.
type signal struct {
	code  types.ClusterStateChangeReasonCode // "" = any
	text  string                             // in the message or an ErrorDetails code, lower case; "" = any
	class job.Class
}

// clusterSignals is read from the top. Codes and texts are those of "Amazon EMR
// Management Guide: error codes with ErrorDetail information".
var clusterSignals = []signal{
	{"", "insufficient_instance_capacity", job.ClassCapacity},
	{"", "insufficientinstancecapacity", job.ClassCapacity},
	{"", "insufficient capacity", job.ClassCapacity},
	{"", "insufficient_capacity", job.ClassCapacity},
	{"", "insufficient instance capacity", job.ClassCapacity},
	{"", "spot_price_too_low", job.ClassCapacity},
	{"", "instance type is not supported", job.ClassCapacity},
	{"", "unsupported in your requested availability zone", job.ClassCapacity},
	{types.ClusterStateChangeReasonCodeInstanceFleetTimeout, "", job.ClassCapacity},
	{"", "service quota", job.ClassQuota},
	{"", "vcpu limit", job.ClassQuota},
	{"", "limit exceeded", job.ClassQuota},
	{"", "limitexceeded", job.ClassQuota},
	{"", "access denied", job.ClassPermission},
	{"", "accessdenied", job.ClassPermission},
	{"", "not authorized", job.ClassPermission},
	{"", "unauthorizedoperation", job.ClassPermission},
	{types.ClusterStateChangeReasonCodeBootstrapFailure, "", job.ClassBootstrap},
	{types.ClusterStateChangeReasonCodeValidationError, "", job.ClassInvalid},
	{types.ClusterStateChangeReasonCodeInstanceFailure, "", job.ClassLost},
	{types.ClusterStateChangeReasonCodeUserRequest, "", job.ClassCancelled},
	{types.ClusterStateChangeReasonCodeStepFailure, "", job.ClassJob},
	{types.ClusterStateChangeReasonCodeAllStepsCompleted, "", job.ClassLost},
	{types.ClusterStateChangeReasonCodeInternalError, "", job.ClassLost},
}

// Reason says why a cluster is gone or going.
func Reason(s *types.ClusterStatus) (job.Class, string) {
	if s == nil {
		return job.ClassLost, "EMR does not know the cluster"
	}
	var code types.ClusterStateChangeReasonCode
	var message string
	if s.StateChangeReason != nil {
		code, message = s.StateChangeReason.Code, aws.ToString(s.StateChangeReason.Message)
	}
	words := message
	for _, d := range s.ErrorDetails {
		words += " " + aws.ToString(d.ErrorCode) + " " + aws.ToString(d.ErrorMessage)
	}
	words = strings.ToLower(words)
	reason := strings.TrimSuffix(strings.TrimSpace(string(code)+": "+message), ":")
	for _, row := range clusterSignals {
		if (row.code == "" || row.code == code) && strings.Contains(words, row.text) {
			return row.class, reason
		}
	}
	return job.ClassLost, reason
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
	if c.State == engine.Gone {
		c.Class, c.Reason = Reason(s)
	}
	return c
}
