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

// NetworkAPI is the part of EC2 that localemr uses: the tags of networks, and which subnets are private.
type NetworkAPI interface {
	ec2.DescribeRouteTablesAPIClient
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

// refuseNetwork returns why EMR cannot use the network that a request names; nil if it
// can. EMR accepts the request and ends its cluster.
func (s *Server) refuseNetwork(ctx context.Context, in *runJobFlowInput) (*missingCapacity, error) {
	a := in.attributes(s.cfg.Region)
	if s.cfg.Network == nil || len(a.RequestedEC2SubnetIDs) == 0 {
		return nil, nil //nolint:nilnil // no objection
	}
	n := networkCheck{api: s.cfg.Network, subnets: a.RequestedEC2SubnetIDs, groups: a.groups()}
	untagged, err := n.untagged(ctx)
	if e, ok := errors.AsType[smithy.APIError](err); ok && strings.HasPrefix(e.ErrorCode(), "Invalid") {
		return invalidNetwork("The VPC/subnet configuration was invalid: The subnet configuration was invalid: " + e.ErrorMessage()), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the tags of %v: %w", a.RequestedEC2SubnetIDs, err)
	}
	if len(untagged) > 0 {
		s.log.WarnContext(ctx, "network without the tag "+policyTag+"=true", "untagged", untagged)
		return invalidNetwork("Service role " + in.ServiceRole + " has insufficient EC2 permissions"), nil
	}
	if a.MasterSecurityGroup == "" || a.ServiceAccessSecurityGroup != "" {
		return nil, nil //nolint:nilnil // no objection
	}
	private, err := n.private(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the routes of %v: %w", a.RequestedEC2SubnetIDs, err)
	}
	if private {
		return invalidNetwork("You must also specify a ServiceAccessSecurityGroup if you use custom security groups when creating a cluster in a private subnet."), nil
	}
	return nil, nil //nolint:nilnil // no objection
}

func invalidNetwork(text string) *missingCapacity {
	return &missingCapacity{Reason: reason{Code: codeValidation, Message: text}}
}

// groups are the security groups that a request names.
func (a ec2Attributes) groups() []string {
	all := append([]string{a.MasterSecurityGroup, a.SlaveSecurityGroup, a.ServiceAccessSecurityGroup}, append(a.MasterExtraSecurityGroups, a.SlaveExtraSecurityGroups...)...)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(id string) bool { return id == "" })
}

// networkCheck looks at the network that a request names.
type networkCheck struct {
	api             NetworkAPI
	subnets, groups []string
	vpcs            []string // of the subnets, as untagged has found them
}

// untagged returns the subnets, their VPCs, and the security groups of the request, or else
// those of EMR in the VPCs, that lack the tag.
func (n *networkCheck) untagged(ctx context.Context) (untagged []string, _ error) {
	check := func(id *string, tags []types.Tag) {
		if !slices.ContainsFunc(tags, func(t types.Tag) bool { return aws.ToString(t.Key) == policyTag && aws.ToString(t.Value) == "true" }) {
			untagged = append(untagged, aws.ToString(id))
		}
	}
	found, err := n.api.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: n.subnets})
	if err != nil {
		return nil, err //nolint:wrapcheck // the operation is in it
	}
	for _, s := range found.Subnets {
		check(s.SubnetId, s.Tags)
		n.vpcs = append(n.vpcs, aws.ToString(s.VpcId))
	}
	slices.Sort(n.vpcs)
	n.vpcs = slices.Compact(n.vpcs)
	networks, err := n.api.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: n.vpcs})
	if err != nil {
		return nil, err //nolint:wrapcheck // likewise
	}
	for _, v := range networks.Vpcs {
		check(v.VpcId, v.Tags)
	}
	of := &ec2.DescribeSecurityGroupsInput{GroupIds: n.groups}
	if len(n.groups) == 0 {
		of = &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{
			{Name: aws.String("vpc-id"), Values: n.vpcs}, {Name: aws.String("group-name"), Values: managedGroups},
		}}
	}
	groups, err := n.api.DescribeSecurityGroups(ctx, of)
	if err != nil {
		return nil, err //nolint:wrapcheck // likewise
	}
	for _, g := range groups.SecurityGroups {
		check(g.GroupId, g.Tags)
	}
	return untagged, nil
}

// private reports whether a subnet has no route to an internet gateway: by its own route
// table, or by the main one of its VPC.
func (n *networkCheck) private(ctx context.Context) (bool, error) {
	found, err := n.api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: []types.Filter{{Name: aws.String("vpc-id"), Values: n.vpcs}}})
	if err != nil {
		return false, err //nolint:wrapcheck // the operation is in it
	}
	public, main := map[string]bool{}, false // by subnet
	for _, table := range found.RouteTables {
		open := slices.ContainsFunc(table.Routes, func(r types.Route) bool { return strings.HasPrefix(aws.ToString(r.GatewayId), "igw-") })
		for _, a := range table.Associations {
			if aws.ToBool(a.Main) {
				main = open
			} else {
				public[aws.ToString(a.SubnetId)] = open
			}
		}
	}
	return slices.ContainsFunc(n.subnets, func(id string) bool {
		open, own := public[id]
		return !open && (own || !main)
	}), nil
}
