package cluster_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/job"
)

// Each way in which EMR says why a cluster ended means one class.
func TestReason(t *testing.T) {
	t.Parallel()
	const (
		internal   = types.ClusterStateChangeReasonCodeInternalError
		validation = types.ClusterStateChangeReasonCodeValidationError
		bootstrap  = types.ClusterStateChangeReasonCodeBootstrapFailure
		fleet      = types.ClusterStateChangeReasonCodeInstanceFleetTimeout
	)
	for _, tt := range []struct {
		code    types.ClusterStateChangeReasonCode
		message string
		detail  string // ErrorDetails code
		want    job.Class
	}{
		{internal, "EC2 has insufficient capacity", "", job.ClassCapacity},
		{internal, "", "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ", job.ClassCapacity},
		{validation, "Insufficient_Instance_Capacity in us-east-1a", "", job.ClassCapacity},
		{validation, "InsufficientInstanceCapacity", "", job.ClassCapacity},
		{internal, "Insufficient instance capacity", "", job.ClassCapacity},
		{internal, "", "INTERNAL_ERROR_SPOT_PRICE_TOO_LOW", job.ClassCapacity},
		{validation, "The requested instance type is not supported", "", job.ClassCapacity},
		{validation, "m5.xlarge is unsupported in your requested Availability Zone", "", job.ClassCapacity},
		{fleet, "", "", job.ClassCapacity},
		{validation, "The request exceeds the service quota", "", job.ClassQuota},
		{validation, "You have requested more vCPU capacity than your current vCPU limit of 32", "", job.ClassQuota},
		{validation, "Limit exceeded", "", job.ClassQuota},
		{validation, "", "VALIDATION_ERROR_INSTANCE_LIMITEXCEEDED", job.ClassQuota},
		{bootstrap, "S3: Access Denied", "", job.ClassPermission},
		{validation, "AccessDenied", "", job.ClassPermission},
		{validation, "Service role is not authorized to call EC2", "", job.ClassPermission},
		{validation, "UnauthorizedOperation", "", job.ClassPermission},
		{bootstrap, "On the master instance, bootstrap action 1 returned a non-zero return code", "", job.ClassBootstrap},
		{validation, "Subnet does not exist", "", job.ClassInvalid},
		{types.ClusterStateChangeReasonCodeInstanceFailure, "The master node was terminated", "", job.ClassLost},
		{types.ClusterStateChangeReasonCodeUserRequest, "Terminated by user request", "", job.ClassCancelled},
		{types.ClusterStateChangeReasonCodeStepFailure, "Shut down as step failed", "", job.ClassJob},
		{types.ClusterStateChangeReasonCodeAllStepsCompleted, "Terminated by the auto-termination policy", "", job.ClassLost},
		{internal, "An internal error occurred", "", job.ClassLost},
		{"", "", "", job.ClassLost},
		{"SOMETHING_NEW", "what nobody knows yet", "", job.ClassLost},
	} {
		t.Run(string(tt.code)+" "+tt.message+tt.detail, func(t *testing.T) {
			t.Parallel()
			s := &types.ClusterStatus{StateChangeReason: &types.ClusterStateChangeReason{Code: tt.code, Message: &tt.message}}
			if tt.detail != "" {
				s.ErrorDetails = []types.ErrorDetail{{ErrorCode: &tt.detail}}
			}
			if got, reason := cluster.Reason(s); got != tt.want {
				t.Errorf("class %q (%s), want %q", got, reason, tt.want)
			}
		})
	}
	if got, reason := cluster.Reason(nil); got != job.ClassLost || reason == "" {
		t.Errorf("no status is %q %q", got, reason)
	}
	if got, _ := cluster.Reason(&types.ClusterStatus{}); got != job.ClassLost {
		t.Errorf("an empty status is %q", got)
	}
}
