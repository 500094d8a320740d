package localemr_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"

	"ephemr/internal/local/localemr"
)

// network is an EC2 with a subnet, its VPC and a security group that EMR has made.
type network struct{ untagged []string }

func (n network) tags(id string) []ec2types.Tag {
	if slices.Contains(n.untagged, id) {
		return []ec2types.Tag{{Key: new("for-use-with-amazon-emr-managed-policies"), Value: new("false")}}
	}
	return []ec2types.Tag{{Key: new("for-use-with-amazon-emr-managed-policies"), Value: new("true")}}
}

func (n network) DescribeSubnets(_ context.Context, in *ec2.DescribeSubnetsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error) {
	out := &ec2.DescribeSubnetsOutput{}
	for _, id := range in.SubnetIds {
		if id == "subnet-missing" {
			return nil, &smithy.GenericAPIError{Code: "InvalidSubnetID.NotFound", Message: "The subnet ID 'subnet-missing' does not exist"}
		}
		out.Subnets = append(out.Subnets, ec2types.Subnet{SubnetId: &id, VpcId: new("vpc-1"), Tags: n.tags(id)})
	}
	return out, nil
}

func (n network) DescribeVpcs(_ context.Context, in *ec2.DescribeVpcsInput, _ ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error) {
	out := &ec2.DescribeVpcsOutput{}
	for _, id := range in.VpcIds {
		out.Vpcs = append(out.Vpcs, ec2types.Vpc{VpcId: &id, Tags: n.tags(id)})
	}
	return out, nil
}

func (n network) DescribeSecurityGroups(context.Context, *ec2.DescribeSecurityGroupsInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error) {
	return &ec2.DescribeSecurityGroupsOutput{SecurityGroups: []ec2types.SecurityGroup{{GroupId: new("sg-1"), Tags: n.tags("sg-1")}}}, nil
}

// EMR's service role may use tagged networks only: a cluster in another one ends with
// EMR's error, and EC2 has nothing of it.
func TestNetworkTags(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		untagged, subnets []string
		want              string // of the reason; "" = the cluster starts
	}{
		"tagged":                        {nil, []string{"subnet-1", "subnet-2"}, ""},
		"no subnet is named":            {[]string{"subnet-1", "vpc-1"}, nil, ""},
		"an untagged subnet":            {[]string{"subnet-1"}, []string{"subnet-1"}, "has insufficient EC2 permissions"},
		"one of two":                    {[]string{"subnet-2"}, []string{"subnet-1", "subnet-2"}, "has insufficient EC2 permissions"},
		"an untagged VPC":               {[]string{"vpc-1"}, []string{"subnet-1"}, "has insufficient EC2 permissions"},
		"a security group of old roles": {[]string{"sg-1"}, []string{"subnet-1"}, "has insufficient EC2 permissions"},
		"a subnet that is not there":    {nil, []string{"subnet-missing"}, "The subnet ID 'subnet-missing' does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := begin(t, func(c *localemr.Config) { c.Network = network{tt.untagged} })
			in := request("c")
			in.Instances.Ec2SubnetIds = tt.subnets
			id := st.run(in)
			if tt.want == "" {
				st.awaitCluster(id, types.ClusterStateWaiting)
				return
			}
			c := st.awaitCluster(id, types.ClusterStateTerminatedWithErrors)
			if why := c.Status.StateChangeReason; why.Code != types.ClusterStateChangeReasonCodeValidationError || !strings.Contains(*why.Message, tt.want) {
				t.Errorf("ended by %s: %s", why.Code, *why.Message)
			}
			if out, err := st.emr.ListInstances(t.Context(), &emr.ListInstancesInput{ClusterId: &id}); err != nil || len(out.Instances) > 0 {
				t.Errorf("it had %d instances, %v", len(out.Instances), err)
			}
		})
	}
}
