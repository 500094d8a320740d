package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
	"ephemr/internal/stage"
)

// emrTag is what AmazonEMRServicePolicy_v2 requires of networks and security groups that EMR uses.
// Source: Amazon EMR Management Guide, "Service role for Amazon EMR (EMR role)".
const emrTag = "for-use-with-amazon-emr-managed-policies"

// Network is the network of the stage's clusters.
type Network struct {
	vpc     *string
	subnets []*string
	groups  *EmrGroups
}

// NewNetwork adds the VPC, unless the stage uses an existing one, its endpoints and flow logs, and
// the security groups of clusters.
func NewNetwork(scope constructs.Construct, s Stage) *Network {
	n := &Network{vpc: &s.Network.VPC, subnets: *pointers(s.Network.Subnets)}
	var gateways []*string // route tables of the private subnets
	if s.Network.Creates() {
		gateways = n.addVPC(scope, *s.Network)
		n.peerings(scope, s, gateways)
	}
	n.groups = NewEmrGroups(scope, "Groups", n.vpc)
	NewEndpoints(scope, "Endpoints", EndpointsProps{Stage: s, VPC: n.vpc, Subnets: n.subnets, RouteTables: gateways, Clusters: n.groups})
	if s.Network.VPN != nil {
		newVPN(scope, "Vpn", s, n)
	}
	if s.Network.FlowLogDays() > 0 {
		newFlowLogs(scope, "FlowLogs", s, n.vpc)
	}
	return n
}

// addVPC adds a VPC with a private subnet for clusters in each zone and, for NAT gateways alone, a public one. A fourth
// of the addresses is kept for a third zone, if there are two.
func (n *Network) addVPC(scope constructs.Construct, cfg config.Network) (routeTables []*string) {
	props := &awsec2.VpcProps{
		IpAddresses:                  awsec2.IpAddresses_Cidr(&cfg.CIDR),
		AvailabilityZones:            &[]*string{},
		NatGateways:                  new(float64(cfg.Gateways())),
		RestrictDefaultSecurityGroup: new(true),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{Name: new("clusters"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED, CidrMask: new(float64(cfg.ClusterBits()))},
		},
	}
	for i := range cfg.ZoneCount() {
		*props.AvailabilityZones = append(*props.AvailabilityZones, awscdk.Fn_Select(new(float64(i)), awscdk.Fn_GetAzs(nil)))
	}
	if spare := config.MaxZones - cfg.ZoneCount(); spare > 0 {
		props.ReservedAzs = new(float64(spare))
	}
	if cfg.Gateways() > 0 {
		(*props.SubnetConfiguration)[0].SubnetType = awsec2.SubnetType_PRIVATE_WITH_EGRESS
		*props.SubnetConfiguration = append(*props.SubnetConfiguration, &awsec2.SubnetConfiguration{
			Name: new("nat"), SubnetType: awsec2.SubnetType_PUBLIC, CidrMask: new(float64(config.PublicBits)), MapPublicIpOnLaunch: new(false),
		})
	}
	vpc := awsec2.NewVpc(scope, new("Vpc"), props)
	n.vpc = vpc.VpcId()
	awscdk.Tags_Of(vpc.Node().DefaultChild()).Add(new(emrTag), new("true"), nil)
	private := vpc.IsolatedSubnets()
	if cfg.Gateways() > 0 {
		private = vpc.PrivateSubnets()
	}
	for _, subnet := range *private {
		n.subnets = append(n.subnets, subnet.SubnetId())
		routeTables = append(routeTables, subnet.RouteTable().RouteTableId())
		awscdk.Tags_Of(subnet).Add(new(emrTag), new("true"), nil)
	}
	return routeTables
}

// Settings are what clusters of the stage use. Values are CDK tokens.
func (n *Network) Settings() stage.Network {
	settings := stage.Network{VPC: *n.vpc, Primary: *n.groups.primary, Core: *n.groups.core, ServiceAccess: *n.groups.service}
	for _, id := range n.subnets {
		settings.Subnets = append(settings.Subnets, *id)
	}
	return settings
}
