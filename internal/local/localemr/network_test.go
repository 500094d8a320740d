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

// network is an EC2 with subnets, their VPC and a security group that EMR has made. Subnets are
// private, but for subnet-public.
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

func (n network) DescribeSecurityGroups(_ context.Context, in *ec2.DescribeSecurityGroupsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error) {
	if len(in.GroupIds) == 0 {
		in.GroupIds = []string{"sg-1"}
	}
	out := &ec2.DescribeSecurityGroupsOutput{}
	for _, id := range in.GroupIds {
		if id == "sg-missing" {
			return nil, &smithy.GenericAPIError{Code: "InvalidGroup.NotFound", Message: "The security group 'sg-missing' does not exist"}
		}
		out.SecurityGroups = append(out.SecurityGroups, ec2types.SecurityGroup{GroupId: &id, Tags: n.tags(id)})
	}
	return out, nil
}

func (n network) DescribeRouteTables(context.Context, *ec2.DescribeRouteTablesInput, ...func(*ec2.Options)) (*ec2.DescribeRouteTablesOutput, error) {
	table := func(gateway string, a ec2types.RouteTableAssociation) ec2types.RouteTable {
		return ec2types.RouteTable{Associations: []ec2types.RouteTableAssociation{a}, Routes: []ec2types.Route{{GatewayId: &gateway}}}
	}
	return &ec2.DescribeRouteTablesOutput{RouteTables: []ec2types.RouteTable{
		table("local", ec2types.RouteTableAssociation{Main: new(true)}), table("igw-1", ec2types.RouteTableAssociation{SubnetId: new("subnet-public")}),
	}}, nil
}

// EMR's service role may use tagged networks only, and EMR asks for all of its groups in a
// private subnet: another cluster ends with EMR's error, and EC2 has nothing of it.
func TestNetworkTags(t *testing.T) {
	t.Parallel()
	const untagged, noService = "has insufficient EC2 permissions", "You must also specify a ServiceAccessSecurityGroup"
	for name, tt := range map[string]struct {
		untagged, subnets []string
		want              string // of the reason; "" = the cluster starts
		groups            []string
	}{
		"tagged":                        {nil, []string{"subnet-1", "subnet-2"}, "", nil},
		"no subnet is named":            {[]string{"subnet-1", "vpc-1"}, nil, "", nil},
		"an untagged subnet":            {[]string{"subnet-1"}, []string{"subnet-1"}, untagged, nil},
		"one of two":                    {[]string{"subnet-2"}, []string{"subnet-1", "subnet-2"}, untagged, nil},
		"an untagged VPC":               {[]string{"vpc-1"}, []string{"subnet-1"}, untagged, nil},
		"a security group of old roles": {[]string{"sg-1"}, []string{"subnet-1"}, untagged, nil},
		"a subnet that is not there":    {nil, []string{"subnet-missing"}, "The subnet ID 'subnet-missing' does not exist", nil},

		"groups of its own":             {[]string{"sg-1"}, []string{"subnet-1"}, "", []string{"sg-2", "sg-3", "sg-4"}},
		"an untagged group of its own":  {[]string{"sg-4"}, []string{"subnet-1"}, untagged, []string{"sg-2", "sg-3", "sg-4"}},
		"a group that is not there":     {nil, []string{"subnet-1"}, "The security group 'sg-missing' does not exist", []string{"sg-2", "sg-3", "sg-missing"}},
		"no group for EMR":              {nil, []string{"subnet-1"}, noService, []string{"sg-2", "sg-3"}},
		"one of two subnets is private": {nil, []string{"subnet-public", "subnet-1"}, noService, []string{"sg-2", "sg-3"}},
		"no group for EMR, public":      {nil, []string{"subnet-public"}, "", []string{"sg-2", "sg-3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := begin(t, func(c *localemr.Config) { c.Network = network{tt.untagged} })
			in := request("c")
			in.Instances.Ec2SubnetIds = tt.subnets
			for i, id := range tt.groups {
				*[]**string{&in.Instances.EmrManagedMasterSecurityGroup, &in.Instances.EmrManagedSlaveSecurityGroup, &in.Instances.ServiceAccessSecurityGroup}[i] = &id
			}
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
