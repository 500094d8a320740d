package cluster_test

import (
	"cmp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
	"ephemr/internal/job"
)

const (
	internal   = types.ClusterStateChangeReasonCodeInternalError
	validation = types.ClusterStateChangeReasonCodeValidationError
	bootstrap  = types.ClusterStateChangeReasonCodeBootstrapFailure
	instance   = types.ClusterStateChangeReasonCodeInstanceFailure
	timeout    = types.ClusterStateChangeReasonCodeInstanceFleetTimeout
)

// reasons are the literal texts and codes of AWS, each with the class that it
// means. A "+" marks those after which the next fallback is tried.
var reasons = []struct {
	code    types.ClusterStateChangeReasonCode
	message string
	detail  string // ErrorDetails: "CODE" or "CODE: message"
	want    string
}{
	// Amazon EMR Management Guide, "Resource errors"; texts as DescribeCluster has them.
	{internal, "EC2 is out of capacity for r5.24xlarge in availability zone us-east-1a. Learn more at https://docs.aws.amazon.com/console/elasticmapreduce/ERROR_noinstancecapacity", "", "capacity+"},
	{internal, "EC2 is out of capacity for m5.xlarge", "", "capacity+"},
	{validation, "The requested instance type m5.xlarge is not supported in the requested Availability Zone", "", "capacity+"},
	{validation, "The requested instance type c1.medium is not supported in the requested availability zone. Learn more at https://docs.aws.amazon.com/console/elasticmapreduce/ERROR_noinstancetype", "", "capacity+"},
	{internal, "EC2 QUOTA EXCEEDED", "", "quota"},
	{internal, "The number of vCPUs for instance type m5.xlarge exceeds the EC2 service quota for that type.", "", "quota"},
	{internal, "The request to create the EMR cluster or add EC2 instances to it failed. The number of vCPUs for instance type m5.xlarge exceeds the EC2 service quota for that type." +
		" Request a service quota increase for your AWS account or choose a different instance type and retry the request." +
		" For more information, see https://docs.aws.amazon.com/console/elasticmapreduce/vcpu-limit", "", "quota"},
	{internal, "Request exceeds the EC2 service quota for that type.", "", "quota"},
	{validation, "You have requested more instances than your current instance quota allows", "", "quota"},

	// "Throttling errors".
	{internal, "Throttled from Amazon EC2 while launching cluster", "", "quota+"},
	{internal, "Failed to provision instances due to throttling from Amazon EC2", "", "quota+"},
	{internal, "EC2: Request limit exceeded.", "", "quota+"},
	{internal, "RequestLimitExceeded", "", "quota+"},

	// "Error codes with ErrorDetail information".
	{internal, "", "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ", "capacity+"},
	{internal, "", "INTERNAL_ERROR_SPOT_PRICE_INCREASE_PRIMARY", "capacity+"},
	{internal, "", "INTERNAL_ERROR_SPOT_NO_CAPACITY_PRIMARY", "capacity+"},
	{internal, "", "INTERNAL_ERROR_SPOT_PRICE_TOO_LOW", "capacity+"},
	{validation, "", "VALIDATION_ERROR_INSTANCE_TYPE_NOT_SUPPORTED", "capacity+"},
	{validation, "", "VALIDATION_ERROR_SUBNET_NOT_FROM_ONE_VPC", "invalid"},
	{validation, "", "VALIDATION_ERROR_SECURITY_GROUP_NOT_FROM_ONE_VPC", "invalid"},
	{validation, "", "VALIDATION_ERROR_INVALID_SSH_KEY_NAME", "invalid"},
	{validation, "", "VALIDATION_ERROR_INSTANCE_LIMITEXCEEDED", "quota"},
	{bootstrap, "", "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE", "bootstrap+"},
	{bootstrap, "", "BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY", "bootstrap+"},
	{bootstrap, "", "BOOTSTRAP_FAILURE_FILE_NOT_FOUND_PRIMARY", "bootstrap+"},
	{bootstrap, "", "BOOTSTRAP_FAILURE_INSUFFICIENT_DISK_SPACE_PRIMARY", "bootstrap+"},
	{bootstrap, "", "BOOTSTRAP_FAILURE_INSUFFICIENT_DISK_SPACE_WORKER", "bootstrap+"},
	{bootstrap, "", "BOOTSTRAP_FAILURE_HIVE_METASTORE_CONNECTION_ERROR_PRIMARY", "bootstrap+"},
	{bootstrap, "", "BOOTSTRAP_FAILURE_HIVE_METASTORE_CONNECTION_ERROR_WORKER", "bootstrap+"},
	{"", "", "BOOTSTRAP_FAILURE_FILE_NOT_FOUND_PRIMARY", "bootstrap+"},
	{"", "", "VALIDATION_ERROR_INVALID_SSH_KEY_NAME", "invalid"},

	// Amazon EC2 API Reference, "Error codes", as EMR passes them on.
	{internal, "EC2 has insufficient capacity", "", "capacity+"},
	{internal, "We currently do not have sufficient m5.xlarge capacity in the Availability Zone you requested (us-east-1a).", "", "capacity+"},
	{internal, "There is no Spot capacity available that matches your request.", "", "capacity+"},
	{internal, "Unable to fulfill capacity due to your request configuration. (UnfulfillableCapacity)", "", "capacity+"},
	{internal, "There is not enough capacity to fulfill your request", "", "capacity+"},
	{internal, "InsufficientInstanceCapacity", "", "capacity+"},
	{internal, "InsufficientHostCapacity", "", "capacity+"},
	{internal, "Insufficient instance capacity", "", "capacity+"},
	{validation, "Insufficient_Instance_Capacity in us-east-1a", "", "capacity+"},
	{internal, "insufficient On-Demand capacity for instance type(s) [m5.xlarge].", "", "capacity+"},
	{internal, "Your Spot request price of 0.01 is lower than the minimum required Spot request fulfillment price of 0.02.", "", "capacity+"},
	{validation, "Your requested instance type (t2.micro) is not supported in your requested Availability Zone (sa-east-1b).", "", "capacity+"},
	{validation, "The requested instance type is not supported", "", "capacity+"},
	{validation, "m5.xlarge is unsupported in your requested Availability Zone", "", "capacity+"},
	{validation, "Instance type(s) [m9.large, m9.xlarge] not available in us-east-1e", "", "capacity+"},
	{validation, "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to.", "", "quota"},
	{validation, "You have requested more instances (1) than your current instance limit of 0 allows for the specified instance type.", "", "quota"},
	{validation, "VcpuLimitExceeded", "", "quota"},
	{internal, "Max spot instance count exceeded", "", "quota"},
	{validation, "The EBS volume limit was exceeded", "", "quota"},
	{validation, "The request exceeds the service quota", "", "quota"},
	{validation, "Limit exceeded", "", "quota"},

	// Subnets.
	{validation, "Subnet does not have enough free addresses.", "", "capacity+"},
	{validation, "The specified subnet does not have enough free addresses to satisfy the request.", "", "capacity+"},
	{validation, "There are not enough free addresses in subnet 'subnet-ad3ce9f4' to satisfy the requested number of instances.", "", "capacity+"},
	{validation, "InsufficientFreeAddressesInSubnet", "", "capacity+"},
	{validation, "No subnet has enough available IP addresses", "", "capacity+"},
	{validation, "The subnet is not large enough: the default subnet in your VPC is not large enough.", "", "capacity+"},
	{validation, "The VPC/subnet configuration was invalid: The subnet configuration was invalid: The subnet subnet-f384febf does not exist.", "", "invalid"},
	{validation, "The VPC/subnet configuration was invalid: No route to any external sources detected in Route Table for Subnet: subnet-1 for VPC: vpc-1", "", "invalid"},

	// Rights.
	{validation, "Service role arn:aws:iam::123456789012:role/emr has insufficient EC2 permissions", "", "permission"},
	{validation, "Failed to authorize instance profile arn:aws:iam::123456789012:instance-profile/emr", "", "permission"},
	{validation, "Service role arn:aws:iam::123456789012:role/ephemr-quota-EMR does not exist", "", "invalid"},
	{bootstrap, "Failed to download s3://ephemr-no-capacity/bootstrap.sh", "", "bootstrap+"},
	{validation, "Service role is not authorized to call EC2", "", "permission"},
	{validation, "You are not authorized to perform this operation. Encoded authorization failure message: abc", "", "permission"},
	{validation, "UnauthorizedOperation", "", "permission"},
	{validation, "AccessDenied", "", "permission"},
	{validation, "AWS was not able to assume the role: AuthFailure", "", "permission"},
	{bootstrap, "S3: Access Denied", "", "permission"},

	// StateChangeReason codes without a text that says more.
	{bootstrap, "On the master instance (i-0991cbf940d71cbfd), bootstrap action 1 returned a non-zero return code", "", "bootstrap+"},
	{bootstrap, "On the master instance (i-0991cbf940d71cbfd), application provisioning failed", "", "bootstrap+"},
	{validation, "Subnet does not exist", "", "invalid"},
	{timeout, "", "", "capacity+"},
	{instance, "The master node was terminated", "", "lost"},
	{types.ClusterStateChangeReasonCodeUserRequest, "Terminated by user request", "", "cancelled"},
	{types.ClusterStateChangeReasonCodeStepFailure, "Shut down as step failed", "", "job"},
	{types.ClusterStateChangeReasonCodeAllStepsCompleted, "Terminated by the auto-termination policy", "", "lost"},
	{internal, "An internal error occurred", "", "lost"},
	{"", "", "", "lost"},
	{"SOMETHING_NEW", "a text that is not known yet", "", "lost"},
}

// Each way in which EMR says why a cluster ended means one class.
func TestReason(t *testing.T) {
	t.Parallel()
	for _, tt := range reasons {
		t.Run(string(tt.code)+" "+tt.message+tt.detail, func(t *testing.T) {
			t.Parallel()
			s := &types.ClusterStatus{
				State:             types.ClusterStateTerminatedWithErrors,
				StateChangeReason: &types.ClusterStateChangeReason{Code: tt.code, Message: &tt.message},
			}
			if tt.detail != "" {
				s.ErrorDetails = []types.ErrorDetail{{ErrorCode: &tt.detail}}
			}
			got := cluster.Capacity("j-1", s)
			class := string(got.Class)
			if got.Retry {
				class += "+"
			}
			if class != tt.want {
				t.Errorf("class %s (%s), want %s", class, got.Reason, tt.want)
			}
			if !strings.HasPrefix(got.Reason, string(tt.code)) || !strings.Contains(got.Reason, cmp.Or(tt.message, tt.detail)) {
				t.Errorf("reason %q", got.Reason)
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

// A cluster that is TERMINATING may get its ErrorDetails only when it has ended.
func TestUnexplained(t *testing.T) {
	t.Parallel()
	details := []types.ErrorDetail{{ErrorCode: new("SOMETHING_NEW")}}
	for _, tt := range []struct {
		name string
		s    types.ClusterStatus
		want bool
	}{
		{"ending without details", types.ClusterStatus{State: types.ClusterStateTerminating, StateChangeReason: &types.ClusterStateChangeReason{Code: internal}}, true},
		{"ending with a general code", types.ClusterStatus{State: types.ClusterStateTerminating, StateChangeReason: &types.ClusterStateChangeReason{Code: validation}}, true},
		{"ending with a text", types.ClusterStatus{State: types.ClusterStateTerminating, StateChangeReason: &types.ClusterStateChangeReason{Code: internal, Message: new("EC2 is out of capacity for m5.xlarge")}}, false},
		{"ending with details", types.ClusterStatus{State: types.ClusterStateTerminating, ErrorDetails: details}, false},
		{"ending by request", types.ClusterStatus{State: types.ClusterStateTerminating, StateChangeReason: &types.ClusterStateChangeReason{Code: types.ClusterStateChangeReasonCodeUserRequest}}, false},
		{"ended", types.ClusterStatus{State: types.ClusterStateTerminatedWithErrors, StateChangeReason: &types.ClusterStateChangeReason{Code: internal}}, false},
	} {
		if got := cluster.Capacity("j-1", &tt.s); got.Unexplained != tt.want || got.State != engine.Gone {
			t.Errorf("%s: unexplained %t, %s", tt.name, got.Unexplained, got.State)
		}
	}
}
