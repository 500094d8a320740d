package localemr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
)

// NetworkAPI is the part of EC2 that localemr uses: the tags of networks.
type NetworkAPI interface {
	ec2.DescribeSubnetsAPIClient
	ec2.DescribeVpcsAPIClient
	ec2.DescribeSecurityGroupsAPIClient
}

// policyTag is the tag without which AmazonEMRServicePolicy_v2 does not let EMR use a
// subnet, its VPC, or the security groups that EMR has created there before.
// Source: Amazon EMR Management Guide, "Service role for Amazon EMR (EMR role)".
const policyTag = "for-use-with-amazon-emr-managed-policies"

// managedGroups are the names of the security groups that EMR creates.
var managedGroups = []string{
	"ElasticMapReduce-master", "ElasticMapReduce-slave", "ElasticMapReduce-Master-Private", "ElasticMapReduce-Slave-Private",
	"ElasticMapReduce-Primary-Private", "ElasticMapReduce-Core-Private", "ElasticMapReduce-ServiceAccess",
}

// refuseNetwork returns why EMR's service role may not use the subnets that a request
// names; nil if it may. EMR accepts the request and ends its cluster.
func (s *Server) refuseNetwork(ctx context.Context, in *runJobFlowInput) (*missingCapacity, error) {
	subnets := in.attributes(s.cfg.Region).RequestedEC2SubnetIDs
	if s.cfg.Network == nil || len(subnets) == 0 {
		return nil, nil //nolint:nilnil // no objection
	}
	untagged, err := untaggedNetwork(ctx, s.cfg.Network, subnets)
	if e, ok := errors.AsType[smithy.APIError](err); ok && strings.HasPrefix(e.ErrorCode(), "InvalidSubnet") {
		return invalidNetwork("The VPC/subnet configuration was invalid: The subnet configuration was invalid: " + e.ErrorMessage()), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the tags of %v: %w", subnets, err)
	}
	if len(untagged) == 0 {
		return nil, nil //nolint:nilnil // no objection
	}
	s.log.WarnContext(ctx, "network without the tag "+policyTag+"=true", "untagged", untagged)
	return invalidNetwork("Service role " + in.ServiceRole + " has insufficient EC2 permissions"), nil
}

func invalidNetwork(text string) *missingCapacity {
	return &missingCapacity{Reason: reason{Code: codeValidation, Message: text}}
}

// untaggedNetwork returns the subnets, their VPCs and EMR's security groups in them
// that lack the tag.
func untaggedNetwork(ctx context.Context, api NetworkAPI, subnets []string) (untagged []string, _ error) {
	check := func(id *string, tags []types.Tag) {
		if !slices.ContainsFunc(tags, func(t types.Tag) bool { return aws.ToString(t.Key) == policyTag && aws.ToString(t.Value) == "true" }) {
			untagged = append(untagged, aws.ToString(id))
		}
	}
	found, err := api.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: subnets})
	if err != nil {
		return nil, err //nolint:wrapcheck // the operation is in it
	}
	var vpcs []string
	for _, n := range found.Subnets {
		check(n.SubnetId, n.Tags)
		vpcs = append(vpcs, aws.ToString(n.VpcId))
	}
	slices.Sort(vpcs)
	vpcs = slices.Compact(vpcs)
	networks, err := api.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: vpcs})
	if err != nil {
		return nil, err //nolint:wrapcheck // likewise
	}
	for _, n := range networks.Vpcs {
		check(n.VpcId, n.Tags)
	}
	groups, err := api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: vpcs}, {Name: aws.String("group-name"), Values: managedGroups},
	}})
	if err != nil {
		return nil, err //nolint:wrapcheck // likewise
	}
	for _, n := range groups.SecurityGroups {
		check(n.GroupId, n.Tags)
	}
	return untagged, nil
}
