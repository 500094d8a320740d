package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/stage"
)

// NetworkAPI describes the networks that clusters start in.
type NetworkAPI interface {
	ec2.DescribeSubnetsAPIClient
	ec2.DescribeVpcsAPIClient
	ec2.DescribeSecurityGroupsAPIClient
	ec2.DescribeInstanceTypeOfferingsAPIClient
	ec2.DescribeVpcEndpointsAPIClient
	ec2.DescribeClientVpnEndpointsAPIClient
}

// policyTag is the tag that AmazonEMRServicePolicy_v2 asks for on the network.
// Source: Amazon EMR Management Guide, "Service role for Amazon EMR".
const policyTag = "for-use-with-amazon-emr-managed-policies"

// managedGroups are the names of the security groups that EMR creates and reuses.
// Those that EMR made before its v2 policies have no tag.
var managedGroups = []string{
	"ElasticMapReduce-master", "ElasticMapReduce-slave", "ElasticMapReduce-Master-Private", "ElasticMapReduce-Slave-Private",
	"ElasticMapReduce-Primary-Private", "ElasticMapReduce-Core-Private", "ElasticMapReduce-ServiceAccess",
}

// network checks that EMR's service role may use the subnets, their VPCs, and the
// security groups of clusters, that subnets have free addresses and that endpoints work.
func (d *doctor) network(ctx context.Context, name string) []Finding {
	subnets, err := d.subnets(ctx)
	switch {
	case err != nil:
		return d.cannot(name, "which subnets clusters use", err)
	case len(subnets) == 0:
		return []Finding{{
			Check: name, Verdict: Failed, Found: "the profiles name no subnets, and the Region has no default VPC",
			Do: "set network or subnets of profiles in the stage's file, and " + d.redeploy(),
		}}
	}
	var untagged, vpcs []string
	for _, s := range subnets {
		vpcs = append(vpcs, aws.ToString(s.VpcId))
		if !tagged(s.Tags) {
			untagged = append(untagged, aws.ToString(s.SubnetId))
		}
	}
	slices.Sort(vpcs)
	vpcs = slices.Compact(vpcs)
	more, err := d.untagged(ctx, vpcs)
	if err != nil {
		return d.cannot(name, "whether the network is tagged", err)
	}
	if untagged = append(untagged, more...); len(untagged) > 0 {
		return []Finding{{
			Check: name, Verdict: Failed, Found: fmt.Sprintf("%s without the tag %s=true: EMR's service role may not use them", strings.Join(untagged, ", "), policyTag),
			Do: fmt.Sprintf("run aws ec2 create-tags --resources %s --tags Key=%s,Value=true", strings.Join(untagged, " "), policyTag),
		}}
	}
	if f, err := d.capacity(ctx, name, subnets); err != nil || len(f) > 0 {
		return append(f, d.failing(name, err)...)
	}
	return ok(name, "%d subnets of %s and EMR's security groups are tagged", len(subnets), strings.Join(vpcs, ", "))
}

// failing is the finding of an error, if there is one.
func (d *doctor) failing(name string, err error) []Finding {
	if err == nil {
		return nil
	}
	return d.cannot(name, "whether the network has room", err)
}

// capacity finds subnets that cannot hold the largest cluster, and endpoints of the stage that are not available.
func (d *doctor) capacity(ctx context.Context, name string, subnets []types.Subnet) (findings []Finding, _ error) {
	all, err := d.shapes(ctx)
	if err != nil {
		return nil, err
	}
	largest, most := "", 0
	for _, s := range all {
		if n := s.profile.MostInstances(); n > most {
			largest, most = s.name, n
		}
	}
	var full []string
	for _, s := range subnets {
		if free := int(aws.ToInt32(s.AvailableIpAddressCount)); s.AvailableIpAddressCount != nil && free < most {
			full = append(full, fmt.Sprintf("%s has %d free addresses", aws.ToString(s.SubnetId), free))
		}
	}
	if len(full) > 0 {
		f := Finding{
			Check: name, Verdict: Warning, Found: fmt.Sprintf("%s, and a cluster of profile %s takes up to %d", strings.Join(full, ", "), largest, most),
			Do: "terminate clusters that are not needed, or use larger subnets",
		}
		if len(full) == len(subnets) {
			f.Verdict = Failed
		}
		findings = append(findings, f)
	}
	n, err := d.ownNetwork(ctx)
	if n == nil || err != nil {
		return findings, err
	}
	more, err := d.endpoints(ctx, name, n.VPC)
	return append(findings, more...), err
}

// endpoints finds the endpoints of the stage's network that are not available.
func (d *doctor) endpoints(ctx context.Context, name, vpc string) (findings []Finding, _ error) {
	in := &ec2.DescribeVpcEndpointsInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{vpc}}, {Name: aws.String("tag:ephemr:stage"), Values: []string{d.Stage}},
	}}
	for p := ec2.NewDescribeVpcEndpointsPaginator(d.with.Network, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // the operation is in it
		}
		for _, e := range page.VpcEndpoints {
			if !strings.EqualFold(string(e.State), string(types.StateAvailable)) {
				findings = append(findings, Finding{
					Check: name, Verdict: Failed, Found: fmt.Sprintf("endpoint %s of %s is %s", aws.ToString(e.VpcEndpointId), aws.ToString(e.ServiceName), e.State),
					Do: d.redeploy(),
				})
			}
		}
	}
	return findings, nil
}

// ownNetwork is the stage's network, or nil if it has none.
func (d *doctor) ownNetwork(ctx context.Context) (*stage.Network, error) {
	if !d.settings.Network {
		return nil, nil //nolint:nilnil // most stages
	}
	out, err := d.with.Parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(stage.NetworkParameter(d.Stage))})
	if err != nil {
		return nil, err //nolint:wrapcheck // the operation is in it
	}
	n, err := stage.ParseNetwork(aws.ToString(out.Parameter.Value))
	return &n, err //nolint:wrapcheck // names the parameter
}

// untagged returns the VPCs, and the security groups of EMR in them, that lack
// the tag.
func (d *doctor) untagged(ctx context.Context, vpcs []string) ([]string, error) {
	var ids []string
	for p := ec2.NewDescribeVpcsPaginator(d.with.Network, &ec2.DescribeVpcsInput{VpcIds: vpcs}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // the operation is in it
		}
		for _, v := range page.Vpcs {
			if !tagged(v.Tags) {
				ids = append(ids, aws.ToString(v.VpcId))
			}
		}
	}
	in := &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: vpcs}, {Name: aws.String("group-name"), Values: managedGroups},
	}}
	n, err := d.ownNetwork(ctx)
	if err != nil {
		return nil, err
	}
	if n != nil {
		in = &ec2.DescribeSecurityGroupsInput{GroupIds: []string{n.Primary, n.Core, n.ServiceAccess}}
	}
	for p := ec2.NewDescribeSecurityGroupsPaginator(d.with.Network, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // the operation is in it
		}
		for _, g := range page.SecurityGroups {
			if !tagged(g.Tags) {
				ids = append(ids, aws.ToString(g.GroupId))
			}
		}
	}
	return ids, nil
}

func tagged(tags []types.Tag) bool {
	return slices.ContainsFunc(tags, func(t types.Tag) bool { return aws.ToString(t.Key) == policyTag && aws.ToString(t.Value) == "true" })
}

// subnets returns those of all profiles and their fallbacks; where none are named it
// is the default VPC's.
func (d *doctor) subnets(ctx context.Context) ([]types.Subnet, error) {
	all, err := d.shapes(ctx)
	if err != nil {
		return nil, err
	}
	var named []string
	anyDefault := false
	for _, s := range all {
		for n := range s.rungs() {
			p := s.profile.Rung(n)
			named = append(named, p.Subnets...)
			anyDefault = anyDefault || len(p.Subnets) == 0
		}
	}
	slices.Sort(named)
	var found []types.Subnet
	if len(named) > 0 {
		if found, err = d.describeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: slices.Compact(named)}); err != nil {
			return nil, err
		}
	}
	if anyDefault {
		more, err := d.describeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: []types.Filter{{Name: aws.String("default-for-az"), Values: []string{"true"}}}})
		if err != nil {
			return nil, err
		}
		found = append(found, slices.DeleteFunc(more, func(s types.Subnet) bool { return slices.Contains(named, aws.ToString(s.SubnetId)) })...)
	}
	return found, nil
}

func (d *doctor) describeSubnets(ctx context.Context, in *ec2.DescribeSubnetsInput) ([]types.Subnet, error) {
	var all []types.Subnet
	for p := ec2.NewDescribeSubnetsPaginator(d.with.Network, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // the operation is in it
		}
		all = append(all, page.Subnets...)
	}
	return all, nil
}
